import {
  AuditError,
  type AuditEvent,
  type AuditRecord,
  type AuditTrail,
  type ReplayedRecord,
} from '../../src/app/audit.ts'
import { EMPTY_STATE, type State, type StateStore } from '../../src/app/state.ts'
import type { Engine, EngineStatus, Tenure, TenureEnd, Wants } from '../../src/app/tenure.ts'

interface Unit {
  epoch: number
  state: State
  readonly records: AuditRecord[]
}

const isReplayed = (record: AuditRecord): record is ReplayedRecord =>
  ['intent', 'outcome', 'gave-up', 'extended'].includes(record.event)

/** What replicas share, in memory. It guards itself as the database does: it takes nothing from an older tenure. */
export const createSharedUnits = () => {
  const units = new Map<string, Unit>()
  const unitOf = (key: string): Unit => {
    const unit = units.get(key) ?? { epoch: 0, state: EMPTY_STATE, records: [] }
    units.set(key, unit)
    return unit
  }
  return {
    unitOf,
    of: <Event extends AuditEvent>(key: string, event: Event) =>
      unitOf(key).records.filter(
        (record): record is Extract<AuditRecord, { readonly event: Event }> => record.event === event,
      ),
    /** Makes the state of a unit one that cannot be read. */
    faults: {
      load: (_key: string): Error | undefined | Promise<undefined> => undefined,
      write: (_key: string): Error | undefined => undefined,
    },
  }
}

export type SharedUnits = ReturnType<typeof createSharedUnits>

/** The engine of one replica. Tests grant, ask back and take away. */
export const createStandInEngine = (shared: SharedUnits, replica: string) => {
  let wants: Wants | undefined
  let looks = 0
  let status: EngineStatus = { state: 'joining', message: undefined }
  const held = new Map<
    string,
    { readonly asked: AbortController; readonly lost: AbortController; readonly ended: Promise<TenureEnd> }
  >()
  const hold = { holds: (_unit: string) => true }

  const tenureOf = (key: string, asked: AbortController, lost: AbortController): Tenure => {
    const unit = shared.unitOf(key)
    const epoch = ++unit.epoch
    const isMine = () => unit.epoch === epoch && !lost.signal.aborted
    const trail: AuditTrail = {
      async write(written) {
        await Promise.resolve()
        const fault = isMine() ? shared.faults.write(key) : new AuditError('unwritable', `${key}: an older tenure`)
        if (fault !== undefined) throw fault
        unit.records.push(...written)
      },
      head: () => ({ seq: unit.records.length, hash: '0'.repeat(64) }),
      hasPolicySet: (hash) =>
        unit.records.some((record) => record.event === 'policy-set' && record.policySetHash === hash),
      held: async () => isMine(),
      lost: lost.signal,
      close: async () => {},
    }
    const store: StateStore = {
      async load() {
        const fault = await shared.faults.load(key)
        if (fault !== undefined) throw fault
        return { state: unit.state, setAside: undefined }
      },
      peek: async () => unit.state,
      async save(state) {
        if (!isMine()) throw new Error(`${key}: an older tenure`)
        unit.state = JSON.parse(JSON.stringify(state)) as State
      },
    }
    return {
      unit: key,
      epoch,
      trail,
      store,
      replay: async (since, read) => {
        const all = unit.records.filter(isReplayed)
        const from = since(all.at(-1)?.time)
        for (const record of all) if (record.time >= from) read(record)
      },
      holds: () => isMine() && hold.holds(key),
      lost: lost.signal,
      asked: asked.signal,
    }
  }

  const engine: Engine = {
    replica,
    async run(toServe, stop) {
      wants = toServe
      status = { state: 'joined', members: 1, generation: 1, isOld: false, units: [] }
      await new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }))
      await Promise.all([...held.values()].map(({ ended }) => ended))
    },
    wantsChanged: () => {
      looks++
    },
    status: () => status,
  }

  return {
    engine,
    hold,
    /** How often the wants have changed. */
    looks: () => looks,
    wants: () => wants,
    /** What the engine says of itself from now on. */
    say(next: EngineStatus): void {
      status = next
    },
    /** Grants a unit. Resolves to how its tenure ended. */
    grant(key: string): Promise<TenureEnd> {
      if (wants === undefined) throw new Error('the replica does not run')
      const [asked, lost] = [new AbortController(), new AbortController()]
      const ended = wants.work(tenureOf(key, asked, lost)).finally(() => held.delete(key))
      held.set(key, { asked, lost, ended })
      return ended
    },
    /** The unit is wanted back. */
    ask: (key: string, because?: string): void => held.get(key)?.asked.abort(because),
    /** Another replica may hold the unit now. */
    lose: (key: string, because?: string): void => held.get(key)?.lost.abort(because),
    held: (): readonly string[] => [...held.keys()],
  }
}
