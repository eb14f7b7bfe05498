/**
 * The parameters of a request, with the action as `Action`: of a form, or of a JSON object whose action is in the header
 * `X-Amz-Target`. JSON that is no object leaves `Action` alone.
 */
export const parametersOf = (body: string, target: string | readonly string[] | undefined): Map<string, string> => {
  if (typeof target !== 'string') return new Map(new URLSearchParams(body))
  const action = ['Action', target.slice(target.indexOf('.') + 1)] as const
  try {
    const entries = Object.entries(JSON.parse(body) as object).map(([key, value]) => [key, String(value)] as const)
    return new Map([...entries, action])
  } catch {
    return new Map([action])
  }
}
