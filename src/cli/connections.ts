import { isActive } from '../domain/connection.ts'
import type { DueDecision } from '../domain/judge/decide.ts'
import { upcoming } from '../domain/judge/upcoming.ts'
import { printable } from '../domain/printable.ts'
import type { Termination } from '../domain/terminate/termination.ts'
import { formatDuration } from '../domain/time/duration.ts'
import { type Instant, toText } from '../domain/time/instant.ts'
import { CONFIG_OPTION, type Command, complain, EXIT, say, UsageError } from './command.ts'
import { judgeEndpoints } from './compose-aws.ts'
import { readConfiguration } from './compose-files.ts'
import { configurationOrComplain } from './problems.ts'
import { table } from './table.ts'

const help = `Usage: curfew connections [--config FILE]

Lists the active connections of every watched endpoint: the user, how long the connection has been
up, its next deadline, and the policy of that deadline. Instead of a deadline to come:
  now                    it has passed
  held                   it has passed, and the guard holds the verdict
  next try T             a termination has failed; the next attempt may leave at T
  given up, next try T   all attempts have failed; a new round may begin at T

Options:
  -c, --config FILE  the daemon's file (default config/curfew.yaml)

Exit code: 0; 1 if an endpoint could not be read or the configuration has errors.`

/** `now`, or the reason why a due connection is still up. */
const deadlineText = (act: DueDecision['act'], termination: Termination | undefined, now: Instant): string => {
  if (act === 'held') return 'held'
  const tryAgainAt = act === 'terminate' && termination && 'tryAgainAt' in termination ? termination.tryAgainAt : now
  if (tryAgainAt <= now) return 'now'
  return `${termination?.state === 'given-up' ? 'given up, ' : ''}next try ${toText(tryAgainAt)}`
}

export const connections: Command = {
  help,
  options: { ...CONFIG_OPTION },
  async run({ values, positionals }) {
    if (positionals.length > 0) throw new UsageError(`connections: unexpected argument "${positionals[0]}"`)
    const { configuration } = configurationOrComplain(readConfiguration(String(values.config)))
    if (configuration === undefined) return EXIT.failed
    const endpoints = await judgeEndpoints(configuration)
    const blocks = endpoints.map((one) => {
      const title = `${printable(one.endpoint.name)} (${one.endpoint.region})`
      if ('failure' in one) return `${title}: BLIND. The endpoint could not be read, so its connections are unknown.`
      const { judgement, memory } = one.judged
      const { now, decisions } = judgement
      const rows = one.snapshot.connections.filter(isActive)
      const next = new Map(
        upcoming(one.judged).map(({ connection, policy, at }) => [connection.id, [toText(at), policy.name]]),
      )
      for (const { connection, act, lead } of decisions?.violating ?? []) {
        if (lead === undefined) continue
        next.set(connection.id, [deadlineText(act, memory.terminations.of(connection.id), now), lead.policy.name])
      }
      const shown = [...rows].sort((a, b) => (a.establishedAt ?? 0) - (b.establishedAt ?? 0) || (a.id < b.id ? -1 : 1))
      return `${title}: ${rows.length} active\n${table(
        ['USER', 'UP', 'DEADLINE', 'POLICY', 'CONNECTION'],
        shown.map(({ id, username, commonName, establishedAt }) => [
          username ?? commonName ?? '(no name)',
          establishedAt === undefined ? '?' : formatDuration(now - establishedAt),
          ...(next.get(id) ?? ['-', '-']),
          id,
        ]),
      )}`
    })
    say(blocks.join('\n\n'))
    const failed = endpoints.flatMap((one) => ('failure' in one ? [one.failure] : []))
    for (const { message } of failed) complain(`curfew: ${message}`)
    return failed.length > 0 ? EXIT.failed : EXIT.ok
  },
}
