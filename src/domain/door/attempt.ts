type Attempted<Value> = { readonly value: Value } | { readonly error: unknown }

/** The value that `make` returns, or what it throws. */
export const attempt = <Value>(make: () => Value): Attempted<Value> => {
  try {
    return { value: make() }
  } catch (error) {
    return { error }
  }
}
