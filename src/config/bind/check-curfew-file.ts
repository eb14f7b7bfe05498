import type { Rate } from '../../domain/terminate/token-bucket.ts'
import { formatDuration } from '../../domain/time/duration.ts'
import { AWS_GRANTS, type CurfewKeys } from '../schema/curfew-schema.ts'
import { parseSchedule } from '../schema/poll-schedule.ts'
import type { YamlFile } from '../yaml/yaml-file.ts'

/** Checks the rules of `curfew.yaml` that involve several keys. */
export const checkCurfewFile = (file: YamlFile, { poll, termination, watch, server }: CurfewKeys): void => {
  if (poll !== undefined) checkSchedule(file, poll.schedule, poll.staleAfter)
  checkEndpoints(file, watch ?? [])
  for (const [key, rate] of [
    ['poll', poll?.rate],
    ['termination', termination?.rate],
  ] as const) {
    if (rate !== undefined) checkRate(file, key, rate)
  }
  if (server !== undefined) checkServer(file, server)
}

const checkSchedule = (file: YamlFile, schedule: string, staleAfterMs: number): void => {
  const path = ['poll', 'schedule']
  const parsed = parseSchedule(schedule)
  if ('problem' in parsed) return file.problem(path, parsed.problem)
  if (file.isFlawed(['poll', 'staleAfter']) || parsed.longestGapMs <= staleAfterMs / 2) return
  const [gap, half, stale] = [parsed.longestGapMs, staleAfterMs / 2, staleAfterMs].map(formatDuration)
  const message = `the schedule has gaps of up to ${gap}, expected at most ${half}, half of poll.staleAfter (${stale}): poll more often, or raise staleAfter`
  file.problem(file.written(path) === undefined ? ['poll', 'staleAfter'] : path, message)
}

const checkEndpoints = (file: YamlFile, watch: NonNullable<CurfewKeys['watch']>): void => {
  const first = new Map<string, string>()
  watch.forEach(({ endpoints, discover }, index) => {
    if (
      endpoints === undefined &&
      discover === undefined &&
      !['endpoints', 'discover'].some((key) => file.isFlawed(['watch', index, key]))
    ) {
      file.problem(['watch', index], 'no endpoints are named: write "endpoints", "discover" or both')
    }
    endpoints?.forEach((endpoint, entry) => {
      const path = ['watch', index, 'endpoints', entry]
      const [id, at] = typeof endpoint === 'string' ? [endpoint, path] : [endpoint.id, [...path, 'id']]
      const place = first.get(id)
      if (place === undefined) first.set(id, file.placeOf(at))
      else file.problem(at, `the endpoint ${id} is already listed at ${place}: remove one of the two`)
    })
  })
}

const checkRate = (file: YamlFile, key: keyof typeof AWS_GRANTS, rate: Rate): void => {
  for (const part of ['burst', 'perSecond'] as const) {
    const granted = AWS_GRANTS[key][part]
    if (rate[part] <= granted) continue
    const message = `${part} is ${rate[part]}, but AWS grants ${granted} to the whole account: lower it, unless AWS raised your quota`
    file.problem([key, 'rate', part], message, { severity: 'warning' })
  }
}

const LOOPBACK = /^(?:localhost|::1|127(?:\.\d+){3})$/

const checkServer = (file: YamlFile, server: NonNullable<CurfewKeys['server']>): void => {
  if (server.tls !== undefined || LOOPBACK.test(server.host) || file.isFlawed(['server', 'tls'])) return
  for (const key of ['basicAuthUsers', 'bearerTokenFile'] as const) {
    if (server[key] === undefined) continue
    const message = `${key} without tls sends the secret over the network in the clear: add "tls", or listen on 127.0.0.1`
    file.problem(['server', key], message, { at: 'key', severity: 'warning' })
  }
}
