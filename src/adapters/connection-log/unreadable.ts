import { printable } from '../../domain/printable.ts'

/** A log that cannot be read, or in which nothing was understood. `message` is one line for an operator, whatever a file's name has in it. */
export class UnreadableLog extends Error {
  override name = 'UnreadableLog'
  readonly code: 'unreadable' | 'damaged' | 'not-understood'

  constructor(code: UnreadableLog['code'], message: string, cause?: unknown) {
    super(printable(message), { cause })
    this.code = code
  }
}
