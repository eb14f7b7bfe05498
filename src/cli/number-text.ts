/** A number with commas between thousands. */
export const count = (number: number): string => number.toLocaleString('en-US')

export const plural = (number: number, noun: string): string => `${count(number)} ${noun}${number === 1 ? '' : 's'}`
