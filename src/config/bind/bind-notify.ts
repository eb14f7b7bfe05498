import { resolvePath } from '../config-paths.ts'
import {
  NOTIFICATION_EVENTS,
  type NotificationEvent,
  type NotifyTarget,
  PERSON_EVENTS,
  type SecretSource,
} from '../configuration.ts'
import { isLoopback } from '../loopback.ts'
import type { CurfewKeys } from '../schema/curfew-schema.ts'
import { isMailAddress } from '../schema/mail-address.ts'
import { addressProblem } from '../schema/notify-address.ts'
import type { YamlFile } from '../yaml/yaml-file.ts'
import type { Path } from '../yaml/yaml-tree.ts'
import { parseSmarthost } from './smarthost.ts'

type WrittenTarget = NonNullable<CurfewKeys['notify']>[number]
type WrittenSource = NonNullable<WrittenTarget['slack']>

const RECEIVERS = ['webhook', 'slack', 'slackBot', 'email'] as const

/** A head each hour is of use only to a receiver that keeps it. */
const USUAL_EVENTS = NOTIFICATION_EVENTS.filter((event) => event !== 'audit-head')

const isPersonEvent = (event: NotificationEvent) => PERSON_EVENTS.some((one) => one === event)

export const WRITE_SOURCE = 'write { env: NAME } or { file: PATH }'

const SECRETS: readonly (readonly [path: readonly string[], meaning: string])[] = [
  [['slack'], 'the address of a Slack webhook'],
  [['slackBot', 'token'], 'the token of a Slack app'],
  [['email', 'password'], 'the password'],
  [['secret'], 'the signing key'],
]

/**
 * Refuses secrets that are written in the file itself. It runs before the schema, whose messages would repeat the
 * secret.
 */
export const refuseLiteralSecrets = (file: YamlFile): void => {
  const root = file.value as { readonly notify?: unknown; readonly log?: unknown } | null | undefined
  const key = (root?.log as { readonly pseudonymKey?: unknown } | null | undefined)?.pseudonymKey
  if (key !== undefined && typeof key !== 'object') {
    file.problem(['log', 'pseudonymKey'], `the key is a secret and does not belong in this file: ${WRITE_SOURCE}`)
  }
  const written = root?.notify
  if (!Array.isArray(written)) return
  written.forEach((entry: unknown, index) => {
    if (typeof entry !== 'object' || entry === null) return
    for (const [path, meaning] of SECRETS) {
      const value = path.reduce(
        (holder: unknown, key) =>
          typeof holder === 'object' ? (holder as Record<string, unknown> | null)?.[key] : undefined,
        entry,
      )
      if (value === undefined || typeof value === 'object') continue
      file.problem(
        ['notify', index, ...path],
        `${meaning} is a secret and does not belong in this file: ${WRITE_SOURCE}`,
      )
    }
  })
}

/**
 * The receivers of notifications, checked and bound. `visit` is called with every file that holds an address or a
 * secret.
 */
export const bindNotify = (
  file: YamlFile,
  written: readonly WrittenTarget[],
  visit: (path: string) => void,
): readonly NotifyTarget[] => {
  const placeOfName = new Map<string, string>()
  return written.flatMap((entry, index): readonly NotifyTarget[] => {
    const path = ['notify', index]
    const bind = (at: Path, found: WrittenSource) => bindSource(file, [...path, ...at], found, visit)
    const receivers = RECEIVERS.filter((key) => entry[key] !== undefined || file.isFlawed([...path, key]))
    const [receiver] = receivers
    if (receiver === undefined || receivers.length > 1) {
      file.problem(
        path,
        'expected exactly one receiver: write "webhook", "slack", "slackBot" or "email", with an entry of its own for each',
      )
      return []
    }
    const name = entry.name ?? `${receiver}-${index + 1}`
    const firstPlace = placeOfName.get(name)
    if (firstPlace === undefined) {
      placeOfName.set(name, file.placeOf(path))
    } else if (!file.isFlawed(path)) {
      file.problem(
        entry.name === undefined ? path : [...path, 'name'],
        `the name "${name}" is already used at ${firstPlace}: choose another`,
      )
    }
    const { secret } = entry
    if (receiver !== 'webhook' && secret !== undefined) {
      const message =
        receiver === 'slack' ? 'Slack does not verify signatures' : 'only requests to a webhook are signed'
      file.problem([...path, 'secret'], `${message}: remove the key`, { at: 'key' })
    }
    if (receiver === 'webhook' && secret === undefined && !file.isFlawed([...path, 'secret'])) {
      const message = `without "secret" the receiver cannot verify the sender: ${WRITE_SOURCE}`
      file.problem(path, message, { severity: 'warning' })
    }
    if (receiver === 'slackBot' || receiver === 'email') {
      checkPersonEvents(file, path, receiver, entry.events ?? [])
      const common = { name, events: entry.events ?? PERSON_EVENTS.slice(0, 1) }
      if (receiver === 'slackBot') {
        const { slackBot } = entry
        const token = slackBot && bind([receiver, 'token'], slackBot.token)
        if (slackBot?.apiUrl !== undefined) literalAddress(file, [...path, receiver, 'apiUrl'], slackBot.apiUrl)
        return token === undefined ? [] : [{ ...common, receiver, token, apiUrl: slackBot?.apiUrl }]
      }
      const bound = entry.email && bindEmail(file, [...path, receiver], entry.email, visit)
      return bound === undefined ? [] : [{ ...common, receiver, ...bound }]
    }
    const found = entry[receiver]
    if (found === undefined) return []
    const address =
      typeof found === 'string' ? literalAddress(file, [...path, receiver], found) : bind([receiver], found)
    const events = entry.events ?? USUAL_EVENTS
    return address === undefined
      ? []
      : [{ name, receiver, address, secret: secret && bind(['secret'], secret), events }]
  })
}

/** A person can be told of the own sessions only. */
const checkPersonEvents = (
  file: YamlFile,
  path: Path,
  receiver: string,
  events: readonly NotificationEvent[],
): void => {
  events.forEach((event, index) => {
    if (isPersonEvent(event)) return
    const message = `"${receiver}" tells a person of the person's own sessions, and ${event} is for operators: write ${PERSON_EVENTS.join(' or ')} here, and ${event} in an entry with "webhook" or "slack"`
    file.problem([...path, 'events', index], message)
  })
}

type WrittenEmail = NonNullable<WrittenTarget['email']>

const bindEmail = (
  file: YamlFile,
  path: Path,
  { smarthost: written, from, username, password, requireTls, caFile, rate }: WrittenEmail,
  visit: (path: string) => void,
) => {
  const smarthost = parseSmarthost(written)
  if (smarthost === undefined) {
    const message = `${JSON.stringify(written)} is not a mail server: expected HOST:PORT, such as smtp.corp.example:587`
    file.problem([...path, 'smarthost'], message)
  } else if (!requireTls && !isLoopback(smarthost.host)) {
    const message =
      'without TLS the names of users and the password would be sent in the clear: remove the key; false is allowed for a mail server on this machine only'
    file.problem([...path, 'requireTls'], message)
  }
  const [, sender = from] = /<([^<>]*)>$/.exec(from) ?? []
  if (!isMailAddress(sender) || /[\p{Cc}]/u.test(from)) {
    const message = `${JSON.stringify(from)} is not a sender: expected vpn@corp.example, or VPN <vpn@corp.example>`
    file.problem([...path, 'from'], message)
  }
  if ((username === undefined) !== (password === undefined) && !file.isFlawed(path)) {
    const [given, missing] = username === undefined ? ['password', 'username'] : ['username', 'password']
    file.problem([...path, given], `"${given}" needs "${missing}" beside it: add it, or remove the key`, { at: 'key' })
  }
  const bound = password && bindSource(file, [...path, 'password'], password, visit)
  const resolved = caFile === undefined ? undefined : resolvePath(file.path, caFile)
  if (resolved !== undefined) visit(resolved)
  return smarthost && { smarthost, from, username, password: bound, requireTls, caFile: resolved, rate }
}

const literalAddress = (file: YamlFile, path: Path, address: string): string | undefined => {
  const problem = addressProblem(address)
  if (problem !== undefined) file.problem(path, problem)
  else if (new URL(address).password !== '') file.problem(path, `the address contains a password: ${WRITE_SOURCE}`)
  else return address
  return undefined
}

/** Where a secret is read from. `visit` is called with the file that holds it. */
export const bindSource = (
  file: YamlFile,
  path: Path,
  { env, file: named }: WrittenSource,
  visit: (path: string) => void,
): SecretSource | undefined => {
  if (env !== undefined && named === undefined) return { env }
  if (named !== undefined && env === undefined) {
    const resolved = resolvePath(file.path, named)
    visit(resolved)
    return { file: resolved }
  }
  if (!file.isFlawed(path)) file.problem(path, 'expected exactly one source: { env: NAME } or { file: PATH }')
  return undefined
}
