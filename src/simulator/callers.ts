import { type Instant, SECOND } from '../domain/time/instant.ts'
import type { Random } from './random.ts'
import type { Deniable, RoleScenario, Scenario } from './scenario.ts'

/** Who calls, as GetCallerIdentity tells it. */
export interface Caller {
  readonly account: string
  readonly arn: string
  readonly userId: string
  readonly deny: readonly Deniable[]
}

export interface TemporaryCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly expiresAt: Instant
  readonly caller: Caller
}

export type Recognised = Caller | 'unknown' | 'expired'

/** Knows callers by their access key ids: those that were given out here, and everybody else. */
export interface Callers {
  recognise(accessKeyId: string, sessionToken: string | undefined, now: Instant): Recognised
  /** Credentials in the name of a role. */
  admit(role: RoleScenario, sessionName: string, lifetimeSeconds: number, now: Instant): TemporaryCredentials
}

/** So that a key of an earlier run is not taken for one of the operator's own. */
const OURS = 'ASIASIMULATED'

export const createCallers = ({ account, deny }: Pick<Scenario, 'account' | 'deny'>, random: Random): Callers => {
  const given = new Map<string, TemporaryCredentials>()
  return {
    recognise(accessKeyId, sessionToken, now) {
      if (!accessKeyId.startsWith(OURS)) {
        return { account, deny, userId: 'AIDASIMULATEDUSER000', arn: `arn:aws:iam::${account}:user/simulated` }
      }
      const credentials = given.get(accessKeyId)
      if (credentials === undefined || credentials.sessionToken !== sessionToken) return 'unknown'
      return now < credentials.expiresAt ? credentials.caller : 'expired'
    },

    admit({ arn, deny }, sessionName, lifetimeSeconds, now) {
      const [, partition = 'aws', , , account = '', path = ''] = arn.split(':')
      const name = path.slice(path.lastIndexOf('/') + 1)
      const credentials: TemporaryCredentials = {
        accessKeyId: OURS + random.hex(1).slice(1).toUpperCase(),
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
      given.set(credentials.accessKeyId, credentials)
      return credentials
    },
  }
}
