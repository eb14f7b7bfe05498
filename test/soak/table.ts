import type { Report } from './soak.ts'

const mebibytes = (bytes: number) => `${(bytes / (1 << 20)).toFixed(1)} MiB`

/** The summary of a soak for a person. */
export const tableOf = ({ minutes, counts, outside, trail, flatness, settledMs, problems }: Report): string => {
  const rows: ReadonlyArray<readonly [string, string]> = [
    ['minutes', minutes.toFixed(1)],
    ['connections seen', `${outside.everConnected}, ${outside.connected} at the end`],
    ['requests', `${outside.requests}, of them ${Object.values(outside.faults).reduce((a, b) => a + b, 0)} faulty`],
    ['termination calls', `${outside.calls}, of them ${outside.callsByUserName} by user name`],
    [
      'confirmed',
      Object.entries(trail?.endedBy ?? {})
        .map(([reason, count]) => `${reason} ${count}`)
        .join(', '),
    ],
    ['failed, gave up', `${counts.failed}, ${counts.gaveUp}`],
    ['kills, stops', `${counts.kills}, ${counts.stops}`],
    [
      'edits: good, broken, bans, SIGHUP',
      `${counts.edits}, ${counts.brokenEdits}, ${counts.banEdits}, ${counts.hangUps}`,
    ],
    ['polls failed, blind', `${counts.pollsFailed}, ${counts.blind}`],
    ['notifications tried', String(outside.notifications)],
    ['audit', (trail?.output ?? '').split('\n')[0] ?? ''],
    ['settled after the last fault', settledMs === undefined ? 'no' : `${(settledMs / 1000).toFixed(1)} s`],
    ...(flatness === undefined
      ? [['growth', 'the soak is too short to measure it'] as const]
      : ([
          [
            'RSS, first and last quarter',
            `${mebibytes(flatness.first.rssBytes)}, ${mebibytes(flatness.last.rssBytes)}`,
          ],
          ['minimum heap', `${mebibytes(flatness.first.heapBytes)}, ${mebibytes(flatness.last.heapBytes)}`],
          ['files', `${flatness.first.files}, ${flatness.last.files}`],
          ['state file', `${flatness.first.stateBytes}, ${flatness.last.stateBytes} bytes`],
          ['loop lag p99', `${flatness.first.loopLagP99Ms.toFixed(1)}, ${flatness.last.loopLagP99Ms.toFixed(1)} ms`],
        ] as const)),
    ['problems', problems.length === 0 ? 'none' : `${problems.length}:\n  ${problems.join('\n  ')}`],
  ]
  return `${rows.map(([what, value]) => `${what.padEnd(34)} ${value}`).join('\n')}\n`
}
