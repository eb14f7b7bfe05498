import type { EngineRefusal } from '../../app/tenure.ts'

/** An operator must act before this replica may hold units. `message` is one line that says what to do. */
export class EngineRefused extends Error {
  override name = 'EngineRefused'
  readonly why: EngineRefusal

  constructor(why: EngineRefusal, message: string, cause?: unknown) {
    super(message, { cause })
    this.why = why
  }
}
