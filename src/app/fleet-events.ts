import { SECOND } from '../domain/time/instant.ts'
import type { Clock } from './clock.ts'
import type { Endpoint } from './endpoint.ts'
import type { CurfewEvent, Emit, WrittenFile } from './events.ts'
import { endpointKey } from './site.ts'

/**
 * The endpoints are told at most so often: all of them each time, and hundreds of units may come one after the other. Those
 * of a tenure that has ended are still told as watched for so long.
 */
const TOLD_EVERY_MS = SECOND

type QueueEvent = Extract<CurfewEvent, { event: 'queue' }>

/** What a tenure has told, and must be taken back when it ends. */
interface Told {
  readonly unwritable: Map<WrittenFile, string>
  /** By account and Region. */
  readonly queues: Map<string, QueueEvent>
}

/**
 * Makes the events of one replica from those of its tenures. There may be hundreds of tenures, and they come and go:
 * what concerns the process is told once, and what one tenure told is taken back when it ends.
 */
export const createFleetEvents = (options: {
  readonly tell: Emit
  /** The endpoints of all tenures that are served now. */
  readonly endpoints: () => readonly Endpoint[]
  readonly clock: Pick<Clock, 'sleep'>
}) => {
  const { tell, clock } = options
  const stopping = new AbortController()
  let isPausing = false
  let isChanged = false
  let endpointsTold: readonly Endpoint[] = []
  /** Endpoints that were served since, if only for a moment. Metrics have series of them, which must go with them. */
  let servedSince = new Map<string, Endpoint>()
  /** The edits of lists under one policy set that were told. Each unit finds the same edit. */
  let lists = { policySetHash: '', edits: new Set<string>() }
  const tenures = new Set<Told>()
  const unwritable = new Set<WrittenFile>()

  const tellEndpoints = () => {
    const endpoints = options.endpoints()
    const here = new Set(endpoints.map(keyOf))
    for (const endpoint of endpointsTold) servedSince.set(keyOf(endpoint), endpoint)
    const gone = [...servedSince.values()].filter((endpoint) => !here.has(keyOf(endpoint)))
    servedSince = new Map()
    if (gone.length === 0 && isSame(endpoints, endpointsTold)) return
    endpointsTold = endpoints
    tell({ event: 'endpoints-changed', endpoints, gone, isShared: true })
  }

  /** Tells the endpoints, at once if they were not told a moment ago. At a stop all tenures end, and nobody asks for them. */
  const tellSoon = async (atOnce: boolean) => {
    isChanged ||= isPausing || !atOnce
    if (isPausing) return
    isPausing = true
    if (atOnce) tellEndpoints()
    for (;;) {
      await clock.sleep(TOLD_EVERY_MS, stopping.signal)
      if (stopping.signal.aborted || !isChanged) break
      isChanged = false
      tellEndpoints()
    }
    isPausing = false
  }

  /** While no tenure is served, nothing shows that what could not be written can be written again. */
  const tellWritable = () => {
    if (tenures.size === 0) return
    for (const what of unwritable) {
      if ([...tenures].some((told) => told.unwritable.has(what))) continue
      unwritable.delete(what)
      tell({ event: 'writable', what })
    }
  }

  const tellList = (event: Extract<CurfewEvent, { event: 'list-changed' }>) => {
    const { at: _at, ...edit } = event
    const key = JSON.stringify(edit)
    if (lists.edits.has(key)) return
    lists.edits.add(key)
    tell(event)
  }

  return {
    tellEndpoints,

    /** The endpoints that an event of the whole replica names. */
    endpointsToTell(): readonly Endpoint[] {
      endpointsTold = options.endpoints()
      return endpointsTold
    },

    /** All tenures end from now on. */
    stop: () => stopping.abort(),

    /** From now on edits of lists are those to this policy set. */
    inForce(policySetHash: string): void {
      if (lists.policySetHash !== policySetHash) lists = { policySetHash, edits: new Set() }
    },

    /** Hears one tenure. */
    ofTenure(unit: string): { readonly emit: Emit; readonly served: () => void; readonly ended: () => void } {
      const told: Told = { unwritable: new Map(), queues: new Map() }
      let isOver = false
      /** The head at the start waits until the tenure is served: one that is not may be tried every few seconds. */
      let firstHead: CurfewEvent | undefined
      const emit: Emit = (event) => {
        if (isOver) return
        switch (event.event) {
          case 'started':
          case 'reloaded':
          case 'mode-obeyed':
          case 'endpoints-changed':
            for (const endpoint of event.endpoints) servedSince.set(keyOf(endpoint), endpoint)
            void tellSoon(true)
            break
          case 'stopping':
          case 'stopped':
          case 'lock-lost':
            break
          case 'audit-head':
            if (tenures.has(told)) tell({ ...event, unit })
            else firstHead = { ...event, unit }
            break
          case 'list-changed':
            tellList(event)
            break
          case 'unwritable':
            told.unwritable.set(event.what, event.message)
            if (!unwritable.has(event.what)) tell(event)
            unwritable.add(event.what)
            break
          case 'writable':
            told.unwritable.delete(event.what)
            tellWritable()
            break
          case 'queue':
            told.queues.set(`${event.account} ${event.region}`, event)
            tell(event)
            break
          default:
            tell(event)
        }
      }
      return {
        emit,
        /** The tenure is served from now on: its state was read. */
        served() {
          tenures.add(told)
          if (firstHead !== undefined) tell(firstHead)
          tellWritable()
        },
        /** Nothing that the tenure still tells is heard. */
        ended() {
          isOver = true
          tenures.delete(told)
          for (const queue of told.queues.values()) {
            if (queue.length > 0) tell({ ...queue, length: 0, etaSeconds: 0 })
          }
          void tellSoon(false)
          tellWritable()
        },
      }
    },
  }
}

const keyOf = ({ region, id }: Endpoint): string => endpointKey(region, id)

/** There may be thousands, and each tenure tells of its own: texts of all of them would take too long. */
const isSame = (ones: readonly Endpoint[], others: readonly Endpoint[]): boolean =>
  ones.length === others.length &&
  ones.every(({ id, name, region, account }, index) => {
    const other = others[index]
    return id === other?.id && region === other.region && name === other.name && account === other.account
  })
