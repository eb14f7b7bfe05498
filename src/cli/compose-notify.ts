import type { Logger } from 'pino'
import { diskFiles } from '../adapters/files/config-files.ts'
import { createDeliveryLog } from '../adapters/notify/delivery-log.ts'
import { createNotifier, type Target } from '../adapters/notify/notifier.ts'
import { signingKeyOf } from '../adapters/notify/signature.ts'
import type { Outgoing } from '../adapters/proxy/outgoing.ts'
import type { Clock } from '../app/clock.ts'
import type { Emit } from '../app/events.ts'
import type { NotificationEvent, NotifyTarget, SecretSource } from '../config/configuration.ts'
import { addressProblem } from '../config/schema/notify-address.ts'

/**
 * The notification targets with their secrets from the environment and from files; or one line for each secret that is
 * missing or wrong. No line contains a secret.
 */
export const readTargets = (
  notify: readonly NotifyTarget[],
): { readonly targets: readonly Target[] } | { readonly problems: readonly string[] } => {
  const problems: string[] = []
  const targets = notify.map(({ name, receiver, address, secret, events }): Target => {
    const problem = (message: string) => problems.push(`notify "${name}": ${message}`)
    const read = (source: SecretSource, check: (text: string) => string | undefined): string => {
      const found = secretOf(source)
      const wrong = 'problem' in found ? found.problem : check(found.text)
      if (wrong !== undefined) problem(`${placeOf(source)}: ${wrong}`)
      return 'text' in found ? found.text : ''
    }
    return {
      name,
      receiver,
      address: typeof address === 'string' ? address : read(address, addressProblem),
      signingKey: secret && signingKeyOf(read(secret, keyProblem)),
      events,
    }
  })
  return problems.length > 0 ? { problems } : { targets }
}

const placeOf = (source: SecretSource) => ('env' in source ? `the environment variable ${source.env}` : source.file)

const secretOf = (source: SecretSource): { readonly text: string } | { readonly problem: string } => {
  if ('env' in source) {
    const text = process.env[source.env]?.trim()
    return text ? { text } : { problem: 'not set or empty: set it, or name a file instead' }
  }
  const read = diskFiles.read(source.file)
  if ('why' in read) return { problem: `the file cannot be read: ${read.why}` }
  const text = Buffer.from(read.bytes).toString('utf8').trim()
  return text === '' ? { problem: 'the file is empty: write the secret into it' } : { text }
}

const keyProblem = (secret: string) =>
  signingKeyOf(secret) === undefined
    ? 'expected whsec_ and 24 to 64 bytes in base64: make one with "openssl rand -base64 32"'
    : undefined

/** Sends notifications, and counts and logs their outcomes. */
export const composeNotifier = (options: {
  readonly targets: readonly Target[]
  readonly clock: Clock
  readonly log: Logger
  readonly emit: Emit
  readonly outgoing: Outgoing
  readonly count: (target: string, outcome: 'delivered' | 'retried' | 'lost', count: number) => void
}) => {
  const { clock, count, emit, outgoing } = options
  const log = createDeliveryLog(options.log, clock)
  const open = () =>
    createNotifier({
      clock,
      random: Math.random,
      outgoing,
      report: (target, report) => {
        count(target, report.outcome, report.count)
        log.tell(target, report)
      },
      warned: (target, warning) => emit({ ...warning, event: 'warned', target, at: clock.now() }),
    })
  // The last head is known when all other notifications have been sent.
  const [notifier, heads] = [open(), open()]
  const take = (targets: readonly Target[]) => {
    notifier.take(only(targets, (event) => event !== 'audit-head'))
    heads.take(only(targets, (event) => event === 'audit-head'))
  }
  take(options.targets)
  let closed: Promise<void> | undefined
  return {
    take,
    observe: ((event) => {
      notifier.observe(event)
      heads.observe(event)
    }) satisfies Emit,
    /** Sends what waits, but no heads. */
    close(): Promise<void> {
      closed ??= notifier.close()
      return closed
    },
    closeHeads: (): Promise<void> => heads.close().finally(log.close),
  }
}

/** The targets with those of their events, and without targets that get none of them. */
const only = (targets: readonly Target[], isOne: (event: NotificationEvent) => boolean): readonly Target[] =>
  targets
    .map((target) => ({ ...target, events: target.events.filter(isOne) }))
    .filter(({ events }) => events.length > 0)
