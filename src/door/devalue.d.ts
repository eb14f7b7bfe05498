/** The part of devalue that Curfew uses. */
export const stringify: (value: unknown) => string
export const parse: (text: string) => unknown
