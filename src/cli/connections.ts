import { VpnError } from '../app/vpn.ts'
import { isActive } from '../domain/connection.ts'
import { createDecider } from '../domain/decide.ts'
import { formatDuration } from '../domain/duration.ts'
import { toText } from '../domain/instant.ts'
import { NO_HISTORY } from '../domain/memory.ts'
import { byUrgency } from '../domain/plan.ts'
import { upcoming } from '../domain/upcoming.ts'
import { CONFIG_OPTION, type Command, complain, EXIT, say, UsageError } from './command.ts'
import { clock, policySetOf, readEndpoints } from './compose-aws.ts'
import { readConfiguration } from './compose-files.ts'
import { configurationOrComplain } from './problems.ts'
import { table } from './table.ts'

const help = `Usage: curfew connections [--config FILE]

Who is connected, for how long, and the next deadline with its policy. "now" means that it has passed already.

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
    const read = await readEndpoints(configuration)
    const blocks = read.map(({ endpoint, snapshot }) => {
      const title = `${endpoint.name} (${endpoint.region})`
      if (snapshot instanceof VpnError) return `${title}: BLIND, nobody knows who is connected`
      const now = clock.now()
      const place = { endpointId: endpoint.id, region: endpoint.region }
      const rows = snapshot.connections.filter(isActive)
      const { violating } = createDecider(policies, place).decide(rows, NO_HISTORY, now, configuration.mode)
      const next = new Map(
        upcoming(policies, place, rows, NO_HISTORY, now).map(({ connection, policy, at }) => [
          connection.id,
          [toText(at), policy.name],
        ]),
      )
      for (const { connection, lead } of [...violating].sort(byUrgency)) {
        if (lead !== undefined) next.set(connection.id, ['now', lead.policy.name])
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
