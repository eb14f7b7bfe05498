import type { EC2ClientConfig } from '@aws-sdk/client-ec2'

type Logger = NonNullable<EC2ClientConfig['logger']>

/** What the SDK says of the first and of each provider that it asks. It hands these texts to a logger only. */
const BEGINS = /defaultProvider::fromEnv$|AWS_PROFILE is set, skipping fromEnv provider/
const SAID = /^@smithy\/property-provider (?:->|\(!\)) (.*)$/s

const NO_PROFILE = /^Profile (.+) could not be found in shared credentials file\.$/
const PROCESS = /^Command failed:|credential_process (?:did not return|returned)/

/** Why the SDK found no credentials, and what to do. */
export interface NoCredentials {
  readonly why: string
  readonly advice: string
}

const reasonOf = (said: string): NoCredentials | undefined => {
  const profile = NO_PROFILE.exec(said)?.[1]
  // Without AWS_PROFILE the SDK looks for a profile "default", which most machines do not have.
  if (profile !== undefined && profile !== 'default') {
    return {
      why: `there is no profile "${profile}" in the AWS configuration files`,
      advice: 'correct AWS_PROFILE, or write the profile into the file that AWS_CONFIG_FILE names',
    }
  }
  if (!PROCESS.test(said)) return undefined
  const what = said.startsWith('Command failed') ? 'ended with an error' : said.replace(/^.*credential_process /s, '')
  return {
    why: `the credential_process of the profile ${what.replace(/\.$/, '')}`,
    advice: "run its command as Curfew's user, which shows the reason",
  }
}

/**
 * Follows a search of the SDK for credentials. If no provider has any, the SDK's error lacks the reasons of the providers.
 * The SDK writes them only to its logger.
 */
export const createCredentialSearch = () => {
  let reasons: NoCredentials[] = []
  const debug = (text: unknown) => {
    if (typeof text !== 'string') return
    if (BEGINS.test(text)) reasons = []
    const reason = reasonOf(SAID.exec(text)?.[1] ?? '')
    if (reason !== undefined) reasons.push(reason)
  }
  return {
    /** The SDK formats each answer for its log, even without a log, unless the logger has no `info`. That costs time. */
    logger: { debug, warn() {}, error() {} } as unknown as Logger,
    /** The reason of the last search; undefined if no provider was chosen by the operator. */
    whyNone: (): NoCredentials | undefined => reasons[0],
  }
}
