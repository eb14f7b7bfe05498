import type { Logger } from 'pino'
import type { NamesInLog } from '../adapters/log/names-in-log.ts'
import type { DeliveryReport } from '../adapters/notify/delivery.ts'
import { createDeliveryLog } from '../adapters/notify/delivery-log.ts'
import { createNotifier } from '../adapters/notify/notifier.ts'
import { signingKeyOf } from '../adapters/notify/signature.ts'
import type { Target } from '../adapters/notify/target.ts'
import type { Outgoing } from '../adapters/proxy/outgoing.ts'
import type { Clock } from '../app/clock.ts'
import type { Emit } from '../app/events.ts'
import type { ExtendUrlOf } from '../app/notification.ts'
import type { PolicyFactsOf } from '../app/policy-facts.ts'
import type { NotificationEvent, NotifyTarget, People, SecretSource } from '../config/configuration.ts'
import { addressProblem } from '../config/schema/notify-address.ts'
import { readSecret } from './compose-secrets.ts'

/**
 * The notification targets with their secrets from the environment and from files; or one line for each secret that is
 * missing or wrong. No line contains a secret.
 */
export const readTargets = (
  notify: readonly NotifyTarget[],
): { readonly targets: readonly Target[] } | { readonly problems: readonly string[] } => {
  const problems: string[] = []
  const targets = notify.map((target): Target => {
    const { name, events } = target
    const read = (source: SecretSource, check: (text: string) => string | undefined = () => undefined): string => {
      const found = readSecret(source, check)
      if ('problem' in found) problems.push(`notify "${name}": ${found.problem}`)
      return 'text' in found ? found.text : ''
    }
    if (target.receiver === 'email') {
      const { password, caFile, ...rest } = target
      const ca = caFile === undefined ? undefined : read({ file: caFile }, authorityProblem)
      return { ...rest, password: password && read(password), ca }
    }
    if (target.receiver === 'slackBot') return { ...target, token: read(target.token, tokenProblem) }
    const { receiver, address, secret } = target
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

/** Tokens of other sorts act as a person, or cannot send. */
const tokenProblem = (token: string) =>
  token.startsWith('xoxb-') ? undefined : 'expected a bot token of a Slack app, which begins with xoxb-'

const authorityProblem = (pem: string) =>
  pem.includes('-----BEGIN CERTIFICATE-----') ? undefined : 'expected certificates in PEM, with BEGIN CERTIFICATE'

const keyProblem = (secret: string) =>
  signingKeyOf(secret) === undefined
    ? 'expected whsec_ and 24 to 64 bytes in base64: make one with "openssl rand -base64 32"'
    : undefined

/** Sends notifications, and counts and logs their outcomes. */
export const composeNotifier = (options: {
  readonly targets: readonly Target[]
  readonly clock: Clock
  readonly log: Logger
  readonly names: Pick<NamesInLog, 'name'>
  readonly emit: Emit
  readonly outgoing: Outgoing
  readonly count: (target: string, outcome: DeliveryReport['outcome'], count: number) => void
  readonly factsOf: PolicyFactsOf
  readonly extendUrlOf: ExtendUrlOf
  readonly people: () => People
}) => {
  const { clock, count, emit, outgoing, factsOf, extendUrlOf, people } = options
  const log = createDeliveryLog(options.log, options.names, clock)
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
      notWarned: (target, warning, why) => emit({ ...warning, event: 'not-warned', target, why, at: clock.now() }),
      factsOf,
      extendUrlOf,
      people,
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
