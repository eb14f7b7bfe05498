import { VpnError } from '../app/vpn.ts'
import { isActive } from '../domain/connection.ts'
import { upcoming } from '../domain/judge/upcoming.ts'
import { printable } from '../domain/printable.ts'
import { byUrgency } from '../domain/terminate/plan.ts'
import { formatDuration } from '../domain/time/duration.ts'
import { toText } from '../domain/time/instant.ts'
import { decideAsTheDaemon } from './as-the-daemon.ts'
import { CONFIG_OPTION, type Command, complain, EXIT, say, UsageError } from './command.ts'
import { clock, peekState, policySetOf, readEndpoints } from './compose-aws.ts'
import { readConfiguration } from './compose-files.ts'
import { configurationOrComplain } from './problems.ts'
import { table } from './table.ts'

const help = `Usage: curfew connections [--config FILE]

Who is connected, for how long, and the next deadline with its policy. "now" means that it has passed already, "held"
that the guard keeps it from being acted on.

Options:
  -c, --config FILE  the daemon's file (default config/curfew.yaml)

Exit code: 0; 1 if an endpoint could not be read or the configuration has problems.`

export const connections: Command = {
  help,
  options: { ...CONFIG_OPTION },
  async run({ values, positionals }) {
    if (positionals.length > 0) throw new UsageError(`connections takes no "${positionals[0]}"`)
    const { configuration } = configurationOrComplain(readConfiguration(String(values.config)))
    if (configuration === undefined) return EXIT.failed
    const policies = policySetOf(configuration)
    const state = await peekState(configuration.state.file)
    const read = await readEndpoints(configuration)
    const blocks = read.map(({ key, endpoint, snapshot }) => {
      const title = `${printable(endpoint.name)} (${endpoint.region})`
      if (snapshot instanceof VpnError) return `${title}: BLIND, nobody knows who is connected`
      const now = clock.now()
      const { region } = endpoint
      const rows = snapshot.connections.filter(isActive)
      const { mode } = configuration
      const known = decideAsTheDaemon({ configuration, policies, state, key, snapshot, region, mode, now })
      const { history, decisions, bench } = known
      const next = new Map(
        upcoming(policies, bench.place, rows, history, now).map(({ connection, policy, at }) => [
          connection.id,
          [toText(at), policy.name],
        ]),
      )
      for (const { connection, act, lead } of [...decisions.violating].sort(byUrgency)) {
        if (lead !== undefined) next.set(connection.id, [act === 'held' ? 'held' : 'now', lead.policy.name])
      }
      const shown = [...rows].sort((a, b) => (a.establishedAt ?? 0) - (b.establishedAt ?? 0) || (a.id < b.id ? -1 : 1))
      return `${title}: ${rows.length} active\n${table(
        ['WHO', 'UP', 'DEADLINE', 'POLICY', 'CONNECTION'],
        shown.map(({ id, username, commonName, establishedAt }) => [
          username ?? commonName ?? '(nobody)',
          establishedAt === undefined ? '?' : formatDuration(now - establishedAt),
          ...(next.get(id) ?? ['-', '-']),
          id,
        ]),
      )}`
    })
    say(blocks.join('\n\n'))
    const failed = read.flatMap(({ snapshot }) => (snapshot instanceof VpnError ? [snapshot] : []))
    for (const { message } of failed) complain(`curfew: ${message}`)
    return failed.length > 0 ? EXIT.failed : EXIT.ok
  },
}
