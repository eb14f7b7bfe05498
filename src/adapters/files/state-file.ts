import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import * as z from 'zod'
import { EMPTY_STATE, type State, type StateStore } from '../../app/state.ts'

const instant = z.number()
const kept = <Value extends z.ZodType>(value: Value) => z.record(z.string(), z.record(z.string(), value))

/** Only what would do harm if it were not what it seems is looked at closely: a file that another version wrote is refused whole. */
const schema = z.object({
  version: z.literal(1),
  policies: z.record(z.string(), z.object({ hash: z.string(), acts: z.boolean(), changedAt: instant })),
  endpoints: z.record(
    z.string(),
    z.object({
      memory: z.object({
        firstSeen: z.record(z.string(), instant),
        countersMovedAt: instant.nullable(),
        notes: kept(z.object({ at: instant, bytes: z.number() })),
        condemned: kept(instant),
        cuts: kept(instant),
        // Younger than the rest: a state without it is one of before.
        warned: kept(z.number()).default({}),
      }),
      guard: z.array(
        z.object({ policy: z.string(), connectionId: z.string(), condemnedAt: instant, held: z.boolean() }),
      ),
      guardLimits: z.object({ maxPercent: z.number(), minConnections: z.number() }),
      watchedSince: instant,
      pursuits: z.array(
        z.object({
          condemned: z.looseObject({ connectionId: z.string(), policy: z.string() }),
          callId: z.string(),
          selector: z.enum(['connection-id', 'username']),
          attempts: z.number(),
          state: z.enum(['sending', 'sent', 'gone', 'free']),
          taken: z.boolean(),
          leftAt: instant,
          sentAt: instant,
          againAt: instant,
          absences: z.number(),
          gaveUp: z.boolean(),
          requestId: z.string().optional(),
        }),
      ),
    }),
  ),
})

/** What was found at a start. `setAside`: where an unreadable file was put, and why. */
export interface LoadedState {
  readonly state: State
  readonly setAside: { readonly file: string; readonly why: string } | undefined
}

/** Reads the state; a file that cannot be read is set aside and condemns nobody: all is as at a first start. */
export const loadState = async (file: string): Promise<LoadedState> => {
  const read = await readState(file)
  if ('state' in read) return { state: read.state, setAside: undefined }
  const aside = `${file}.unreadable`
  // If it cannot even be moved, the next save replaces it.
  await rename(file, aside).catch(() => {})
  return { state: EMPTY_STATE, setAside: { file: aside, why: read.why } }
}

/** Reads the state and touches nothing: for commands that only look. */
export const peekState = async (file: string): Promise<State> => {
  const read = await readState(file)
  return 'state' in read ? read.state : EMPTY_STATE
}

const readState = async (file: string): Promise<{ readonly state: State } | { readonly why: string }> => {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? { state: EMPTY_STATE } : { why: `it cannot be read (${code})` }
  }
  try {
    const parsed = schema.safeParse(JSON.parse(text))
    if (parsed.success) {
      const { policies, endpoints } = parsed.data
      return { state: { policies, endpoints } as unknown as State }
    }
    return { why: 'it is not a state that this version wrote' }
  } catch {
    return { why: 'it is not JSON' }
  }
}

/** Writes beside the file, makes it durable and puts it in its place: a crash leaves the old state or the new one. */
export const createStateFile = (file: string): StateStore => {
  let last: Promise<void> = Promise.resolve()
  const write = async (state: State) => {
    await mkdir(dirname(file), { recursive: true })
    const beside = `${file}.new`
    const handle = await open(beside, 'w', 0o600)
    try {
      await handle.writeFile(JSON.stringify({ version: 1, ...state }))
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(beside, file)
  }
  return {
    save(state) {
      last = last.catch(() => {}).then(() => write(state))
      return last
    },
  }
}
