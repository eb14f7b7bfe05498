import { readFileSync } from 'node:fs'
import { quotable } from './quotable.ts'

/** Why there are no credentials, and what to do. */
export interface NoCredentials {
  readonly why: string
  readonly advice: string
}

/** The settings of a profile in the AWS configuration files. */
export type Profile = Readonly<Record<string, string | undefined>>
export type Profiles = Readonly<Record<string, Profile | undefined>>

export type Environment = Readonly<Record<string, string | undefined>>

/** A search of the SDK for credentials that found none. */
export interface Search {
  readonly env: Environment
  readonly profiles: Profiles
  /** What it said of the providers that it asked, in order. */
  readonly said: readonly string[]
  /** The message of its error. */
  readonly message: string
}

const AS_USER = "as Curfew's user"

const OTHER_ROLE = 'check that the role exists, and that its trust policy allows these credentials'

const PROCESS = /^Command failed:|credential_process (?:did not return|returned)/

const CREDENTIAL_SOURCES = ['Environment', 'Ec2InstanceMetadata', 'EcsContainer']

const quoted = (names: readonly string[]) => names.map((name) => `"${name}"`).join(', ')

/** Why a profile that exists gives no credentials. */
export const problemOfProfile = (name: string, search: Search, visited: readonly string[] = []): NoCredentials => {
  const profile = search.profiles[name] ?? {}
  if (profile.role_arn !== undefined && profile.web_identity_token_file === undefined) {
    return problemOfRole(name, search, visited)
  }
  const id = profile.aws_access_key_id !== undefined
  if (id !== (profile.aws_secret_access_key !== undefined)) {
    const [there, missing] = id ? ['id', 'secret_access_key'] : ['secret', 'access_key_id']
    return {
      why: `the profile "${name}" has the ${there} of an access key, but no aws_${missing}`,
      advice: `add aws_${missing} to the profile`,
    }
  }
  if (profile.web_identity_token_file !== undefined) return problemOfWebIdentity(name, profile, search)
  if (profile.credential_process !== undefined) return problemOfProcess(name, search)
  if (Object.keys(profile).some((key) => key.startsWith('sso_'))) return problemOfSso(name, profile, search)
  if (profile.login_session !== undefined) {
    return {
      why: `the login of the profile "${name}" has ended, or has not begun`,
      advice: `run "aws login --profile ${name}" ${AS_USER}; a daemon needs a role or a key, because a login ends`,
    }
  }
  return {
    why: `the profile "${name}" holds no credentials`,
    advice: 'give it credential_process, role_arn with source_profile, SSO settings, or an access key',
  }
}

const problemOfRole = (name: string, search: Search, visited: readonly string[]): NoCredentials => {
  const { profiles, env } = search
  const { role_arn, source_profile: source, credential_source, mfa_serial } = profiles[name] ?? {}
  if ((source === undefined) === (credential_source === undefined)) {
    const has = source === undefined ? 'neither source_profile nor' : 'both source_profile and'
    return {
      why: `the profile "${name}" has role_arn and ${has} credential_source`,
      advice: 'write one of the two: it gives the credentials that assume the role',
    }
  }
  if (credential_source !== undefined && !CREDENTIAL_SOURCES.includes(credential_source)) {
    return {
      why: `the profile "${name}" has credential_source = ${credential_source}, which is unknown`,
      advice: `write one of ${CREDENTIAL_SOURCES.join(', ')}`,
    }
  }
  if (credential_source === 'Environment' && !env.AWS_ACCESS_KEY_ID) {
    return {
      why: `the profile "${name}" takes its credentials from the environment, which has none`,
      advice: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    }
  }
  if (source !== undefined && profiles[source] === undefined) {
    return {
      why: `the profile "${name}" takes its credentials from the profile "${source}", which does not exist`,
      advice: `correct source_profile, or write the profile "${source}"`,
    }
  }
  if (mfa_serial !== undefined) {
    return {
      why: `the profile "${name}" needs a code of an MFA device (mfa_serial), which nobody can enter`,
      advice: 'use a role that can be assumed without MFA',
    }
  }
  if (source !== undefined && source !== name) {
    const path = [...visited, name]
    if (path.includes(source)) {
      return {
        why: `the profiles ${quoted(path)} take their credentials from each other`,
        advice: 'let the last source_profile name a profile that has credentials of its own',
      }
    }
    const isRole = profiles[source]?.role_arn !== undefined
    if (isRole || !isSound(source, profiles)) {
      const { why, advice } = problemOfProfile(source, search, path)
      return { why: `${why}, and the profile "${name}" needs them`, advice }
    }
  }
  return { why: `cannot assume ${role_arn} of the profile "${name}": ${quotable(search.message)}`, advice: OTHER_ROLE }
}

/** Whether a profile has an access key. Others are asked for their credentials, and may fail. */
const isSound = (name: string, profiles: Profiles) =>
  profiles[name]?.aws_access_key_id !== undefined && profiles[name].aws_secret_access_key !== undefined

const problemOfProcess = (name: string, { said }: Search): NoCredentials => {
  const what = said.find((text) => PROCESS.test(text)) ?? 'Command failed:'
  const ended = what.startsWith('Command failed') ? 'ended with an error' : what.replace(/^.*credential_process /s, '')
  return {
    why: `the credential_process of the profile "${name}" ${ended.replace(/\.$/, '')}`,
    advice: `run its command ${AS_USER}, which shows the reason`,
  }
}

/** The settings that a profile for SSO must have, without and with a session. */
const SSO_KEYS = ['sso_start_url', 'sso_region', 'sso_account_id', 'sso_role_name']
const SSO_KEYS_BESIDE_SESSION = ['sso_account_id', 'sso_role_name']
const SSO_KEYS_OF_SESSION = ['sso_start_url', 'sso_region']

const problemOfSso = (name: string, profile: Profile, { profiles, message }: Search): NoCredentials => {
  const { sso_session } = profile
  const session = sso_session === undefined ? undefined : profiles[`sso-session.${sso_session}`]
  if (sso_session !== undefined && session === undefined) {
    return {
      why: `the profile "${name}" names the SSO session "${sso_session}", which does not exist`,
      advice: `correct sso_session, or write [sso-session ${sso_session}]`,
    }
  }
  const missing = [
    ...(session === undefined ? SSO_KEYS : SSO_KEYS_BESIDE_SESSION).filter((key) => profile[key] === undefined),
    ...(session === undefined ? [] : SSO_KEYS_OF_SESSION.filter((key) => session[key] === undefined)),
  ]
  if (missing.length > 0) {
    return { why: `the profile "${name}" lacks settings for SSO`, advice: `add ${missing.join(', ')}` }
  }
  if (/aws sso login/.test(message)) {
    return {
      why: `the SSO session of the profile "${name}" has ended, or has not begun`,
      advice: `run "aws sso login --profile ${name}" ${AS_USER}; a daemon needs a role or a key, because the session ends`,
    }
  }
  return {
    why: `SSO gives the profile "${name}" no credentials: ${quotable(message)}`,
    advice: 'check sso_account_id and sso_role_name, and that the user may use the role',
  }
}

const problemOfWebIdentity = (name: string, { role_arn, web_identity_token_file }: Profile, search: Search) => {
  if (role_arn === undefined) {
    return {
      why: `the profile "${name}" has web_identity_token_file, but no role_arn`,
      advice: 'add the role_arn of the role that the token may assume',
    }
  }
  return problemOfToken(`web_identity_token_file of the profile "${name}"`, web_identity_token_file ?? '', search)
}

/** Node's code if the file cannot be read. */
export const codeOfReading = (file: string): string | undefined => {
  try {
    readFileSync(file)
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown'
  }
}

/** Why a token in a file, named by `setting`, gives no credentials. */
export const problemOfToken = (setting: string, file: string, { message }: Search): NoCredentials => {
  const code = codeOfReading(file)
  if (code !== undefined) {
    return {
      why: `the token ${file} cannot be read (${code})`,
      advice: `correct ${setting}; in a cluster, check that the service account is bound to a role and that the token is mounted`,
    }
  }
  return { why: `no credentials are given for the token ${file}: ${quotable(message)}`, advice: OTHER_ROLE }
}
