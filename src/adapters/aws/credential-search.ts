import type { EC2ClientConfig } from '@aws-sdk/client-ec2'
import { parseKnownFiles } from '@smithy/core/config'
import { problemOfCredentials } from './credential-problem.ts'
import type { NoCredentials } from './profile-problem.ts'

type Logger = NonNullable<EC2ClientConfig['logger']>

/** What the SDK says of the first and of each provider that it asks. It hands these texts to a logger only. */
const BEGINS = /defaultProvider::fromEnv$|AWS_PROFILE is set, skipping fromEnv provider/
const SAID = /^@smithy\/property-provider (?:->|\(!\)) (.*)$/s

/**
 * Follows a search of the SDK for credentials. If no provider has any, the SDK's error lacks the reasons of the providers.
 * The SDK writes them only to its logger.
 */
export const createCredentialSearch = () => {
  let said: string[] = []
  const debug = (text: unknown) => {
    if (typeof text !== 'string') return
    if (BEGINS.test(text)) said = []
    const one = SAID.exec(text)?.[1]
    if (one !== undefined) said.push(one)
  }
  return {
    /** The SDK formats each answer for its log, even without a log, unless the logger has no `info`. That costs time. */
    logger: { debug, warn() {}, error() {} } as unknown as Logger,

    /** Why the search that ended with this error found none. */
    async whyNone(error: unknown): Promise<NoCredentials> {
      const message = error instanceof Error ? error.message : ''
      const profiles = await parseKnownFiles({ ignoreCache: true }).catch(() => ({}))
      return problemOfCredentials({ env: process.env, profiles, said, message, error })
    },
  }
}
