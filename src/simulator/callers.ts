import { type Instant, SECOND } from '../domain/time/instant.ts'
import type { Random } from './random.ts'
import type { Deniable, RoleScenario, Scenario } from './scenario.ts'

/** The identity behind an access key, as GetCallerIdentity returns it. */
export interface Caller {
  readonly account: string
  readonly arn: string
  readonly userId: string
  readonly deny: readonly Deniable[]
}

interface TemporaryCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly expiresAt: Instant
  readonly caller: Caller
}

type Recognised = Caller | 'unknown' | 'expired'

/** Finds the caller of a request by its access key: a key that AssumeRole issued here, or any other key. */
export interface Callers {
  recognise(accessKeyId: string, sessionToken: string | undefined, now: Instant): Recognised
  /** Issues credentials for a role. */
  admit(role: RoleScenario, sessionName: string, lifetimeSeconds: number, now: Instant): TemporaryCredentials
}

/** The start of every issued key. It makes a key that an earlier run issued unknown, instead of the operator's own. */
const ISSUED_PREFIX = 'ASIASIMULATED'

export const createCallers = ({ account, deny }: Pick<Scenario, 'account' | 'deny'>, random: Random): Callers => {
  const issued = new Map<string, TemporaryCredentials>()
  return {
    recognise(accessKeyId, sessionToken, now) {
      if (!accessKeyId.startsWith(ISSUED_PREFIX)) {
        return { account, deny, userId: 'AIDASIMULATEDUSER000', arn: `arn:aws:iam::${account}:user/simulated` }
      }
      const credentials = issued.get(accessKeyId)
      if (credentials === undefined || credentials.sessionToken !== sessionToken) return 'unknown'
      return now < credentials.expiresAt ? credentials.caller : 'expired'
    },

    admit({ arn, deny }, sessionName, lifetimeSeconds, now) {
      const [, partition = 'aws', , , account = '', path = ''] = arn.split(':')
      const name = path.slice(path.lastIndexOf('/') + 1)
      const credentials: TemporaryCredentials = {
        accessKeyId: ISSUED_PREFIX + random.hex(1).slice(1).toUpperCase(),
        secretAccessKey: random.hex(5),
        sessionToken: random.hex(16),
        expiresAt: now + lifetimeSeconds * SECOND,
        caller: {
          account,
          deny,
          arn: `arn:${partition}:sts::${account}:assumed-role/${name}/${sessionName}`,
          userId: `AROASIMULATEDROLE000:${sessionName}`,
        },
      }
      issued.set(credentials.accessKeyId, credentials)
      return credentials
    },
  }
}
