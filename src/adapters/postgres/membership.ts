import type { Pool } from 'pg'
import type { Clock } from '../../app/clock.ts'
import type { Emit } from '../../app/events.ts'
import { onAborted } from '../../app/on-aborted.ts'
import { shareStep } from '../../app/share.ts'
import type { EngineStatus, UnitHolding, Wants } from '../../app/tenure.ts'
import { within } from '../../app/within.ts'
import { type Elapsed, LONG_AGO, msBetween } from '../../domain/time/elapsed.ts'
import { POOLER } from './admission.ts'
import { type Beat, type BeatUnit, beat } from './beat.ts'
import { EngineRefused } from './engine-refused.ts'
import { createFreeUnits } from './free-units.ts'
import {
  createGenerationStandings,
  type Declared,
  declareGeneration,
  type GenerationStanding,
  isKnown,
  joinGeneration,
  leaveGeneration,
  type OwnGeneration,
} from './generations.ts'
import { grantUnits } from './grants.ts'
import type { HeldUnits } from './held-units.ts'
import { restored } from './restored.ts'
import { behind, remembered, type Seen, type Shown } from './seen.ts'
import { type OpenSession, SessionOver } from './session.ts'
import { endSilentMembers } from './silent-members.ts'
import { idsOf } from './wanted-units.ts'

/** Members and shares are steady after this many beats without a change. */
const STEADY_BEATS = 1.5
/**
 * A replica that was slow to take its share finds the others with more than theirs. They offer what is beyond it again
 * after so many beats, and each time after twice as many: a unit that nobody else can serve must not move for ever.
 */
const OFFERED_AFTER_BEATS = { first: 20, longest: 1280 }
/** Why an older replica gives its units back. */
const NEWER = 'replicas with a newer configuration are there'

export interface MembershipOptions {
  readonly replica: string
  readonly beatMs: number
  readonly clock: Clock
  readonly random: () => number
  readonly emit: Emit
  readonly pool: Pool
  /** The newest format of a state that this program reads. */
  readonly stateVersion: number
  readonly wants: Wants
  readonly held: HeldUnits
  readonly stop: AbortSignal
  /** Whether the unit was refused a short time ago. */
  readonly isResting: (unit: string) => boolean
  readonly seen: { readonly now: () => Seen | undefined; readonly put: (seen: Seen) => void }
  readonly own: OwnGeneration
  /** How long a replica with an older configuration waits for those with a newer one that are gone. */
  readonly newerGoneMs: number
  /** What the engine tells of itself from now on. */
  readonly tell: (status: Extract<EngineStatus, { state: 'joined' }>) => void
}

/** What other parts may do with a membership. */
export interface Membership {
  /** Beats at once. */
  wake(): void
  /** The wants have changed. */
  wantsChanged(): void
  /** Beats until the session is over, or until this replica has stopped and holds nothing more. */
  run(): Promise<void>
}

/** One session's part in the sharing: it joins the members, beats, takes its share and gives a surplus back. */
export const createMembership = (session: OpenSession, incarnation: string, options: MembershipOptions): Membership => {
  const { replica, beatMs, clock, random, emit, pool, stateVersion, wants, held, stop, isResting, seen, own, tell } =
    options
  const writer = held.writerOver(session)
  const free = createFreeUnits(beatMs)
  let pause = new AbortController()
  let areWantsNew = true
  let hash = ''
  let ids: ReadonlyMap<string, number> = new Map()
  let generation: { readonly id: number; readonly hash: string } | undefined
  const standingOf = createGenerationStandings(clock.elapsed(), options.newerGoneMs)
  /** A generation that is being begun over the pool. The beats go on meanwhile. */
  let declaring: { readonly hash: string; readonly done: Promise<Declared | Error> } | undefined
  let hasLeft = false
  let members = ''
  let membersSince: Elapsed = LONG_AGO
  let beyond = 0
  let beyondSince: Elapsed = LONG_AGO
  let offeredAfterBeats = OFFERED_AFTER_BEATS.first
  /** Units whose state is of a newer program, as told. */
  const tooNew = new Set<string>()

  const wake = () => pause.abort()

  const readWants = async () => {
    areWantsNew = false
    hash = wants.configurationHash()
    const wanted = wants.units()
    ids = await idsOf(session, wanted, incarnation, seen.now())
    for (const unit of held.units(session)) if (!ids.has(unit)) held.askBack(unit, 'the configuration has it no longer')
  }

  const enter = async (id: number) => {
    if (generation?.id !== id) {
      if (!(await joinGeneration(session, id))) throw lostToPooler(session)
      if (generation !== undefined) await leaveGeneration(session, generation.id)
    }
    generation = { id, hash }
    own.joined = generation
  }

  /** It is this replica's from then on, also if the session is over before, or the answer comes late. */
  const begin = async (declared: string, isReload: boolean) => {
    const done = await declareGeneration(pool, { hash: declared, replica, isReload })
    if (done.id > (own.joined?.id ?? 0)) own.joined = { id: done.id, hash: declared }
    return done
  }

  /**
   * Begins a generation for a configuration that is new, or adopts the newest one. A replica that was away, and has the
   * configuration that it had, begins none: others may have been edited meanwhile, and theirs is the newer one.
   */
  const declare = async () => {
    const before = own.joined
    if (declaring === undefined && before?.hash === hash && (await isKnown(session, before))) {
      await enter(before.id)
      return true
    }
    const isReload = before !== undefined && before.hash !== hash
    declaring ??= { hash, done: begin(hash, isReload).catch(asError) }
    const { hash: declaredHash, done } = declaring
    const declared = await within(clock, beatMs / 2, done, session.over)
    if (declared === 'late') {
      void done.then(wake)
      return false
    }
    declaring = undefined
    if (declared instanceof Error) {
      // A replica that holds units keeps them in the generation that it has, and tries again at the next beat.
      if (generation === undefined) throw declared
      return false
    }
    if (declaredHash !== hash) return false
    await enter(declared.id)
    if (declared.isNew) {
      const { id, cameBack } = declared
      own.told = { generation: id, isOld: false }
      emit({
        event: 'generation',
        generation: id,
        own: id,
        begunBy: undefined,
        isOld: false,
        cameBack,
        isNewerGone: false,
      })
    }
    return true
  }

  /** The newest configuration may be that of this replica again: then it joins that generation and need not hand over. */
  const standingNow = async (at: Elapsed, now: Beat): Promise<GenerationStanding> => {
    const { newest, members: all } = now
    if (stop.aborted || newest?.hash !== hash || newest.id === generation?.id)
      return standingOf(at, generation?.id ?? 0, now)
    await enter(newest.id)
    const moved = all.map((one) => (one.pid === session.pid ? { ...one, generation: newest.id } : one))
    return standingOf(at, newest.id, { newest, members: moved })
  }

  const observeGeneration = (
    { newest, active: withMember }: Beat,
    { active, isOld, isNewerGone }: GenerationStanding,
  ) => {
    const { told } = own
    own.told = { generation: active, isOld }
    if (told === undefined || (told.generation === active && told.isOld === isOld)) return
    const inForce = [newest, withMember].find((one) => one?.id === active)
    const begunBy = inForce?.begunBy === replica ? undefined : inForce?.begunBy
    // Whoever has the same configuration has not been overruled. A replica whose own declaration had a late answer tells here.
    const isTold = isOld || (inForce?.begunBy === replica && !isNewerGone)
    const cameBack = isTold && inForce?.cameBack === true
    emit({ event: 'generation', generation: active, own: generation?.id ?? 0, begunBy, isOld, cameBack, isNewerGone })
  }

  const compare = (now: Beat, units: ReadonlyMap<string, BeatUnit>) => {
    // The units granted since belong to no incarnation that this replica knows: it joins again.
    if (now.incarnation !== incarnation) {
      session.lose('the database was accepted')
      throw new SessionOver('the database was accepted')
    }
    const shown: Shown = { incarnation, units }
    const older = behind(seen.now(), shown, [...ids.keys()])
    if (older !== undefined) throw restored(older)
    seen.put(remembered(seen.now(), shown))
  }

  const refuseNewerStates = (units: ReadonlyMap<string, BeatUnit>) => {
    for (const [unit, { epoch, stateVersion: found, isLocked }] of units) {
      if (found <= stateVersion || isLocked) tooNew.delete(unit)
      else if (!tooNew.has(unit)) {
        tooNew.add(unit)
        const because = `its state has format ${found}, and this program reads up to ${stateVersion}: a newer program saved it. Update this replica`
        emit({ event: 'tenure-ended', unit, epoch, how: 'refused', because })
      }
    }
  }

  const share = async (now: Elapsed, standing: GenerationStanding, units: ReadonlyMap<string, BeatUnit>) => {
    const pids = standing.members.map(({ pid }) => pid).toSorted((one, other) => one - other)
    if (pids.join() !== members) {
      members = pids.join()
      membersSince = now
      beyond = 0
      offeredAfterBeats = OFFERED_AFTER_BEATS.first
    }
    if (beyond > 0 && msBetween(beyondSince, now) > offeredAfterBeats * beatMs) {
      beyond = 0
      offeredAfterBeats = Math.min(2 * offeredAfterBeats, OFFERED_AFTER_BEATS.longest)
    }
    const isSteady = msBetween(membersSince, now) > STEADY_BEATS * beatMs
    const takable = [...units].flatMap(([unit, { id, isLocked, stateVersion: found }]) =>
      isLocked || found > stateVersion || held.isBusy(unit) || isResting(unit) ? [] : [{ unit, id, order: random() }],
    )
    const returning = held.returning(session)
    const step = shareStep({
      units: ids.size,
      members: standing.members.map((member) => ({ id: member.pid, held: member.held })),
      me: session.pid,
      free: takable.length,
      leftOver: isSteady ? takable.filter(({ id }) => free.isLeftOver(now, id)).length : 0,
      isSettled: isSteady && !free.isAnyFresh(now),
      beyond,
    })
    // Replicas that look at the same time try different units first.
    if (step.take > 0)
      await take(
        takable.toSorted((one, other) => one.order - other.order),
        step,
      )
    const surplus = step.giveBack - returning.length
    const staying = held.units(session).filter((unit) => !returning.includes(unit))
    if (surplus > 0) for (const unit of staying.slice(-surplus)) held.askBack(unit, 'another replica is to hold it')
  }

  const take = async (
    takable: readonly { readonly unit: string; readonly id: number }[],
    step: { readonly take: number; readonly beyond: number },
  ) => {
    const unitOf = new Map(takable.map(({ id, unit }) => [id, unit]))
    const room = { room: step.take, replica, stateVersion }
    const grants = await grantUnits(session, [...unitOf.keys()], room)
    const extra = Math.max(0, grants.length - (step.take - step.beyond))
    if (extra > 0) beyondSince = clock.elapsed()
    beyond += extra
    for (const grant of grants) {
      const unit = unitOf.get(grant.id)
      if (unit === undefined) continue
      const progress = new Map([[unit, { epoch: grant.epoch, seq: grant.head.seq }]])
      seen.put(remembered(seen.now(), { incarnation, units: progress }))
      held.begin(session, unit, grant, writer)
    }
  }

  /** Others count their shares without this replica at once. What it holds, it gives back as its work ends. */
  const leave = async () => {
    if (hasLeft) return
    hasLeft = true
    for (const unit of held.units(session)) held.askBack(unit, 'the replica stops')
    if (generation !== undefined) await leaveGeneration(session, generation.id)
  }

  const holdingsOf = (units: ReadonlyMap<string, BeatUnit>): readonly UnitHolding[] => {
    const mine = new Set(held.units(session))
    return [...units].map(([unit, { holder, epoch, isLocked }]) => {
      const state = mine.has(unit) ? 'held' : isLocked ? 'elsewhere' : 'free'
      return { unit, state, holder, epoch }
    })
  }

  const tellAll = (now: Beat, standing: GenerationStanding, units: ReadonlyMap<string, BeatUnit>, tookMs: number) => {
    const holdings = holdingsOf(units)
    const there = now.members.length
    tell({
      state: 'joined',
      members: there,
      generation: generation?.id ?? 0,
      isOld: standing.isOld,
      units: holdings,
    })
    emit({ event: 'engine-beat', tookMs, members: there, units: holdings })
  }

  const beatOnce = async () => {
    if (stop.aborted) await leave()
    else {
      if (areWantsNew) await readWants()
      if (generation?.hash !== hash && !(await declare()) && generation === undefined) {
        // The session would be over after the lease without a word.
        await session.ask('select 1')
        return
      }
    }
    const begunAt = clock.elapsed()
    const now = await beat(session, [...ids.values()])
    const endedAt = clock.elapsed()
    if (!now.isOurs) throw lostToPooler(session)
    await endSilentMembers(session)
    const byId = new Map(now.units.map((unit) => [unit.id, unit]))
    const units = new Map(
      [...ids].flatMap(([key, id]) => {
        const unit = byId.get(id)
        return unit === undefined ? [] : [[key, unit] as const]
      }),
    )
    compare(now, units)
    free.observe(endedAt, now.units)
    const standing = await standingNow(endedAt, now)
    if (!stop.aborted) {
      observeGeneration(now, standing)
      refuseNewerStates(units)
      if (standing.isOld) for (const unit of held.units(session)) held.askBack(unit, NEWER)
      else await share(endedAt, standing, units)
    }
    tellAll(now, standing, units, msBetween(begunAt, endedAt))
  }

  const isDone = () => stop.aborted && hasLeft && held.units(session).length === 0

  return {
    wake,
    wantsChanged() {
      areWantsNew = true
      wake()
    },
    async run() {
      onAborted(stop, wake)
      onAborted(session.over, wake)
      try {
        while (!session.over.aborted) {
          pause = new AbortController()
          await beatOnce()
          if (isDone()) break
          if (!stop.aborted || hasLeft) await clock.sleep(beatMs, pause.signal)
        }
      } finally {
        stop.removeEventListener('abort', wake)
      }
    },
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

const lostToPooler = (session: OpenSession): EngineRefused => {
  session.lose('a statement was given to another session')
  return new EngineRefused('pooler', POOLER)
}
