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
import { readAuditFiles } from './compose-audit.ts'
import { pointInTime } from './point-in-time.ts'
import { trailOrComplain } from './trail-files.ts'
import { createTrailFlaws } from './trail-flaws.ts'

const OUTPUTS = ['text', 'json'] as const

export const auditPolicies: Command = {
  about: `Lists the policy sets of the trail by their hashes, with the times at which each was in force. With HASH
(its beginning is enough) or --at it prints one set: the policies in order with the entries of their files, the groups,
the calendars and "protect". The hash proves the text; whether the trail is whole, "curfew audit verify" finds out.`,
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
    const files = await trailOrComplain('audit policies --file FILE', stringsOf(values.file), String(values.config))
    if (files === undefined) return EXIT.failed

    const flaws = createTrailFlaws()
    const read = async (events: readonly string[], take: (record: TrailRecord) => void) => {
      for await (const group of readAuditFiles(files, {}, { events })) {
        for (const record of group.records) take(record)
        flaws.add(group.flaws)
      }
    }
    const found = createPolicySetPeriods()
    await read(POLICY_SET_EVENTS, found.read)
    const periods = found.periods()
    const hasFlaws = flaws.complain()
    if (prefix === undefined && at === undefined) {
      say(output === 'json' ? JSON.stringify(bySet(periods), null, 2) : listOf(periods))
      return hasFlaws ? EXIT.failed : EXIT.ok
    }

    const hash = at === undefined ? hashOf(periods, prefix ?? '') : hashAt(periods, at)
    const parts: PolicySetPart[] = []
    await read(['policy-set'], ({ policySetHash, part, parts: count, text }) => {
      if (policySetHash !== hash || part === undefined || count === undefined || text === undefined) return
      parts.push({ part, parts: count, text })
    })
    const joined = joinPolicySet(hash, parts)
    if ('problem' in joined) throw new OperatorError(`${printable(hash)}: ${PROBLEMS[joined.problem]}`)
    const own = periods.filter(({ policySetHash }) => policySetHash === hash)
    const content = JSON.stringify(joined.content, null, 2)
    if (output === 'json') say(JSON.stringify({ ...bySet(own)[0], content: joined.content }, null, 2))
    else say(`${listOf(own)}\n\n${content}`)
    return hasFlaws ? EXIT.failed : EXIT.ok
  },
}

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

const listOf = (periods: readonly PolicySetPeriod[]): string => {
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
