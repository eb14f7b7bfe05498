/** The package has types, but under a name that TypeScript does not find. */
declare module 'unicode-confusables' {
  /** The text with each character replaced by the one that Unicode TR 39 shows in its place. */
  export const rectifyConfusion: (text: string) => string
}
