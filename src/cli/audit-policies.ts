import { createPolicySetPeriods, POLICY_SET_EVENTS, type PolicySetPeriod } from '../app/policy-set-periods.ts'
import { joinPolicySet, type PolicySetPart } from '../app/policy-set-text.ts'
import type { TrailRecord } from '../app/trail-record.ts'
import { printable } from '../domain/printable.ts'
import { type Instant, toIso, toText } from '../domain/time/instant.ts'
import {
  CONFIG_OPTION,
  type Command,
  EXIT,
  OperatorError,
  oneOf,
  outputOption,
  say,
  stringOf,
  stringsOf,
  UsageError,
} from './command.ts'
import { pointInTime } from './point-in-time.ts'
import type { Trail } from './trail.ts'
import { createTrailFlaws } from './trail-flaws.ts'
import { trailsOrComplain, UNIT_OPTION } from './trails.ts'

const OUTPUTS = ['text', 'json'] as const

export const auditPolicies: Command = {
  about: `Lists the policy sets of the trail by their hashes, with the times at which each was in force. With HASH
(its beginning is enough) or --at it prints one set: the policies in order with the entries of their files, the groups,
the calendars and "protect". The hash proves the text; whether the trail is whole, "curfew audit verify" finds out.

In a database each unit has a trail of its own, and each is listed. --at needs one unit: see --unit.`,
  operands: { name: 'HASH' },
  options: {
    at: {
      value: 'T',
      summary: 'the set in force at an instant, such as 2026-12-01T14:03:00Z; or 24h: that long ago',
    },
    file: {
      value: 'FILE',
      multiple: true,
      summary:
        "a file of the trail; without it the trail that the daemon's file names is read, with all its rotated parts",
    },
    ...UNIT_OPTION,
    ...outputOption(OUTPUTS),
    ...CONFIG_OPTION,
  },
  exitCodes: '0; 1 if the set or its text is not in the trail, or if lines are missing or damaged.',
  async run({ values, positionals: [prefix] }) {
    if (prefix !== undefined && !/^[0-9a-f]{1,64}$/i.test(prefix))
      throw new UsageError(`expected the beginning of a hash, found "${prefix}"`)
    const at = pointInTime('at', stringOf(values.at))
    if (prefix !== undefined && at !== undefined) throw new UsageError('give a hash or --at, not both')
    const output = oneOf('output', values.output, OUTPUTS)
    const place = { configPath: String(values.config), unit: stringOf(values.unit) }
    await using trails = await trailsOrComplain('audit policies --file FILE', stringsOf(values.file), place)
    if (trails === undefined) return EXIT.failed
    if (at !== undefined && trails.all.length > 1) throw new UsageError(onlyOne(trails.all))

    const flaws = createTrailFlaws()
    const read = async (trail: Trail, events: readonly string[], take: (record: TrailRecord) => void) => {
      for await (const group of trail.read({}, { events })) {
        for (const record of group.records) take(record)
        flaws.add(group.flaws)
      }
    }
    const known: KnownPeriods[] = []
    for (const trail of trails.all) {
      const found = createPolicySetPeriods()
      await read(trail, POLICY_SET_EVENTS, found.read)
      known.push({ trail, periods: found.periods() })
    }
    const hasFlaws = flaws.complain()
    const all = known.flatMap(({ periods }) => periods)
    if (prefix === undefined && at === undefined) {
      say(output === 'json' ? JSON.stringify(known.flatMap(rowsOf), null, 2) : known.map(listOf).join('\n\n'))
      return hasFlaws ? EXIT.failed : EXIT.ok
    }

    const hash = at === undefined ? hashOf(all, prefix ?? '') : hashAt(all, at)
    const having = known.flatMap(({ trail, periods }) => {
      const own = periods.filter(({ policySetHash }) => policySetHash === hash)
      return own.length === 0 ? [] : [{ trail, periods: own }]
    })
    const joined = await textOf(hash, having, read)
    if ('problem' in joined) throw new OperatorError(`${printable(hash)}: ${PROBLEMS[joined.problem]}`)
    const content = JSON.stringify(joined.content, null, 2)
    if (output === 'json') {
      const { content: text } = joined
      const rows = having.flatMap(rowsOf).map((row) => ({ ...row, content: text }))
      say(JSON.stringify(rows.length === 1 ? rows[0] : rows, null, 2))
    } else say(`${having.map(listOf).join('\n\n')}\n\n${content}`)
    return hasFlaws ? EXIT.failed : EXIT.ok
  },
}

/** The policy sets of a trail. */
interface KnownPeriods {
  readonly trail: Trail
  readonly periods: readonly PolicySetPeriod[]
}

type Read = (trail: Trail, events: readonly string[], take: (record: TrailRecord) => void) => Promise<void>

/** The text of a set, of the first trail that has it whole: after a rotation or retention another one may. */
const textOf = async (hash: string, having: readonly KnownPeriods[], read: Read) => {
  let joined: ReturnType<typeof joinPolicySet> = { problem: 'incomplete' }
  for (const { trail } of having) {
    const parts: PolicySetPart[] = []
    await read(trail, ['policy-set'], ({ policySetHash, part, parts: count, text }) => {
      if (policySetHash !== hash || part === undefined || count === undefined || text === undefined) return
      parts.push({ part, parts: count, text })
    })
    joined = joinPolicySet(hash, parts)
    if (!('problem' in joined)) return joined
  }
  return joined
}

const onlyOne = (trails: readonly Trail[]) =>
  `--at: each unit has policy sets of its own: give one of them with --unit: ${trails.map(({ unit = '' }) => unit).join(', ')}`

const PROBLEMS = {
  incomplete: 'the text of this policy set is not in these files: add those that were archived',
  'other-hash': 'the text of this policy set was changed: its hash is another one. See "curfew audit verify"',
} as const

const hashOf = (periods: readonly PolicySetPeriod[], prefix: string): string => {
  const hashes = new Set(periods.map(({ policySetHash }) => policySetHash))
  const [hash, ...others] = [...hashes].filter((one) => one.startsWith(prefix.toLowerCase()))
  if (hash === undefined) throw new OperatorError(`no policy set of the trail has a hash that begins with ${prefix}`)
  if (others.length > 0) {
    throw new OperatorError(
      `${prefix} is the beginning of ${others.length + 1} hashes: ${[hash, ...others].map(printable).join(', ')}`,
    )
  }
  return hash
}

const hashAt = (periods: readonly PolicySetPeriod[], at: Instant): string => {
  const found = periods.findLast(
    ({ from, until }) => Date.parse(from) <= at && (until === undefined || at < Date.parse(until)),
  )
  if (found === undefined) {
    throw new OperatorError(
      `no policy set was in force at ${toIso(at)}, or the trail does not go back so far: the daemon did not run`,
    )
  }
  return found.policySetHash
}

/** The sets in the order in which they came into force first. */
const bySet = (periods: readonly PolicySetPeriod[]) => {
  const sets = new Map<string, Array<{ from: string; until: string | null; because: string | null }>>()
  for (const { policySetHash, from, until = null, because = null } of periods) {
    const own = sets.get(policySetHash) ?? []
    sets.set(policySetHash, own)
    own.push({ from, until, because })
  }
  return [...sets].map(([policySetHash, own]) => ({ policySetHash, periods: own }))
}

/** The sets of a trail as JSON gives them. Those of a unit name it. */
const rowsOf = ({ trail: { unit }, periods }: KnownPeriods) =>
  bySet(periods).map((row) => (unit === undefined ? row : { unit, ...row }))

const listOf = ({ trail: { unit }, periods }: KnownPeriods): string =>
  unit === undefined ? listText(periods) : `Unit ${printable(unit)}\n${listText(periods)}`

const listText = (periods: readonly PolicySetPeriod[]): string => {
  if (periods.length === 0) return 'no policy set in the trail'
  const blocks = bySet(periods).map(({ policySetHash, periods: own }) => {
    const lines = own.map(({ from, until, because }) => {
      const end = until === null ? 'still in force at the end of the trail' : `to ${toText(Date.parse(until))}`
      return `  ${toText(Date.parse(from))} ${end}${because === null ? '' : `\n    ${printable(because)}`}`
    })
    // Anything may stand in the lines of a forged trail.
    return [printable(policySetHash), ...lines].join('\n')
  })
  return blocks.join('\n')
}
