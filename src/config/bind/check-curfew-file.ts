import type { Rate } from '../../domain/terminate/token-bucket.ts'
import { formatDuration } from '../../domain/time/duration.ts'
import { knownTimeZones, parseTimeZone } from '../../domain/time/time-window.ts'
import { isEncryptedOrLoopback, isLoopback } from '../loopback.ts'
import { AWS_GRANTS, type CurfewKeys, PLACEHOLDER_ENDPOINT } from '../schema/curfew-schema.ts'
import { parseSchedule } from '../schema/poll-schedule.ts'
import { scheduleDoubts } from '../schema/schedule-doubts.ts'
import type { YamlFile } from '../yaml/yaml-file.ts'

/** Checks the rules of `curfew.yaml` that involve several keys. */
export const checkCurfewFile = (
  file: YamlFile,
  { poll, termination, watch, server, notify, people, timeZone }: CurfewKeys,
): void => {
  if (poll !== undefined) checkSchedule(file, poll.schedule, poll.staleAfter)
  checkEndpoints(file, watch ?? [])
  checkEndpointUrls(file, watch ?? [])
  for (const [key, rate] of [
    ['poll', poll?.rate],
    ['termination', termination?.rate],
  ] as const) {
    if (rate !== undefined) checkRate(file, key, rate)
  }
  if (server !== undefined) checkServer(file, server)
  if (timeZone !== undefined && !file.isFlawed(['timeZone'])) checkTimeZone(file, timeZone)
  if (people !== undefined && !file.isFlawed(['notify'])) checkPeople(file, notify ?? [])
}

const checkTimeZone = (file: YamlFile, timeZone: string): void => {
  const parsed = parseTimeZone(timeZone)
  if ('problem' in parsed) file.problem(['timeZone'], parsed.problem, { known: knownTimeZones() })
}

const checkPeople = (file: YamlFile, notify: NonNullable<CurfewKeys['notify']>): void => {
  if (notify.some(({ slackBot, email }) => slackBot !== undefined || email !== undefined)) return
  const message = 'no receiver writes to people: add an entry with "email" or "slackBot" to "notify", or remove the key'
  file.problem(['people'], message, { at: 'key', severity: 'warning' })
}

const checkSchedule = (file: YamlFile, schedule: string, staleAfterMs: number): void => {
  const path = ['poll', 'schedule']
  const parsed = parseSchedule(schedule)
  if ('problem' in parsed) return file.problem(path, parsed.problem)
  for (const doubt of scheduleDoubts(schedule)) file.problem(path, doubt, { severity: 'warning' })
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
      if (id === PLACEHOLDER_ENDPOINT) {
        const message = `${id} is the placeholder that "curfew init" writes: write the id of your endpoint`
        file.problem(at, message, { severity: 'warning' })
      }
      const place = first.get(id)
      if (place === undefined) first.set(id, file.placeOf(at))
      else file.problem(at, `the endpoint ${id} is already listed at ${place}: remove one of the two`)
    })
  })
}

/** Credentials are not in a request, but its signature and every user name are. */
const checkEndpointUrls = (file: YamlFile, watch: NonNullable<CurfewKeys['watch']>): void => {
  watch.forEach(({ endpointUrl, allowInsecureEndpointUrl }, index) => {
    const path = ['watch', index, 'endpointUrl']
    if (endpointUrl === undefined || file.isFlawed(path)) return
    const isSafe = isEncryptedOrLoopback(new URL(endpointUrl))
    if (!isSafe && !allowInsecureEndpointUrl) {
      const message =
        'over http:// anybody on the way can read user names and answer in place of AWS: write https://…, or "allowInsecureEndpointUrl: true" in this entry if the network is trusted'
      file.problem(path, message)
    }
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

const checkServer = (file: YamlFile, server: NonNullable<CurfewKeys['server']>): void => {
  const hasLogin = server.basicAuthUsers !== undefined || server.bearerTokenFile !== undefined
  const isFlawed = ['basicAuthUsers', 'bearerTokenFile'].some((key) => file.isFlawed(['server', key]))
  if (server.showNames && !hasLogin && !isFlawed) {
    const message =
      'without a login everybody who reaches the server would read who is connected: add "basicAuthUsers" or "bearerTokenFile", or remove "showNames"'
    file.problem(['server', 'showNames'], message)
  }
  if (server.tls !== undefined || isLoopback(server.host) || file.isFlawed(['server', 'tls'])) return
  for (const key of ['basicAuthUsers', 'bearerTokenFile'] as const) {
    if (server[key] === undefined) continue
    const message = `${key} without tls sends the secret over the network in the clear: add "tls", or listen on 127.0.0.1`
    file.problem(['server', key], message, { at: 'key', severity: 'warning' })
  }
}
