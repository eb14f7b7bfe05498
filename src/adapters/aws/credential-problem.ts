import { homedir } from 'node:os'
import { join } from 'node:path'
import { proxyVariable } from '../proxy/proxy.ts'
import {
  codeOfReading,
  type Environment,
  type NoCredentials,
  type Profiles,
  problemOfProfile,
  problemOfToken,
  type Search,
} from './profile-problem.ts'
import { CredentialsLate } from './prompt-credentials.ts'

/** More names of profiles than this do not help anyone who has misspelled one. */
const MOST_NAMES = 5

/** The settings of a profile from which credentials come. Others, such as `region`, say nothing about them. */
const OF_CREDENTIALS = /^(?:role_arn|aws_|credential_|sso_|login_session|web_identity_)/

/** Why the SDK found no credentials, as the environment and the profiles show. */
export const problemOfCredentials = (search: Search & { readonly error: unknown }): NoCredentials => {
  const { env, profiles } = search
  const written = env.AWS_PROFILE
  const name = written || 'default'
  const profile = profiles[name]
  if (search.error instanceof CredentialsLate) return late(search.error, search)
  if (profile === undefined && !written) return problemOfEnvironment(search)
  const problem = profile === undefined ? problemOfName(name, profiles, env) : problemOfProfile(name, search)
  if (profile !== undefined && !written && !Object.keys(profile).some((key) => OF_CREDENTIALS.test(key)))
    return problemOfEnvironment(search)
  if (env.AWS_ACCESS_KEY_ID && env.AWS_SECRET_ACCESS_KEY) {
    return {
      ...problem,
      advice: `${problem.advice}; or unset AWS_PROFILE, which takes precedence over AWS_ACCESS_KEY_ID`,
    }
  }
  return problem
}

const late = ({ limit }: CredentialsLate, search: Search): NoCredentials => {
  const { env, profiles } = search
  const name = env.AWS_PROFILE || 'default'
  const container = containerVariable(env)
  if (profiles[name]?.credential_process !== undefined) {
    return {
      why: `the credential_process of the profile "${name}" has not ended within ${limit}`,
      advice: "run its command as Curfew's user; if it needs this long, raise poll.requestTimeout",
    }
  }
  if (profiles[name] === undefined && container !== undefined) return problemOfContainer(container, search)
  return {
    why: `the source of the credentials has not answered within ${limit}`,
    advice:
      profiles[name] === undefined && !env.AWS_WEB_IDENTITY_TOKEN_FILE
        ? 'check that this host has an instance profile, or set AWS_PROFILE'
        : `check the network to STS and SSO; ${ofProxy(env)}`,
  }
}

const ofProxy = (env: Environment): string => {
  const variable = proxyVariable(env)
  return variable === undefined
    ? 'if they are reached through a proxy, set HTTPS_PROXY'
    : `check that the proxy of ${variable.name} reaches them`
}

const containerVariable = (env: Environment) =>
  ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS_CONTAINER_CREDENTIALS_FULL_URI'].find((name) => env[name])

const problemOfName = (written: string, profiles: Profiles, env: Environment): NoCredentials => {
  const name = written.trim()
  if (name === '') {
    return { why: 'AWS_PROFILE holds only blanks', advice: 'unset AWS_PROFILE, or let it name a profile' }
  }
  if (name !== written && profiles[name] !== undefined) {
    return {
      why: `there is no profile ${JSON.stringify(written)}, but there is "${name}"`,
      advice: 'remove the blanks around the name in AWS_PROFILE',
    }
  }
  const [config, credentials] = [
    fileOf(env.AWS_CONFIG_FILE, 'config', env),
    fileOf(env.AWS_SHARED_CREDENTIALS_FILE, 'credentials', env),
  ]
  const names = Object.keys(profiles).filter((one) => !/^(?:sso-session|services)\./.test(one))
  const some = names.slice(0, MOST_NAMES).map((one) => `"${one}"`)
  return {
    why: `there is no profile ${JSON.stringify(written)} in ${config} or ${credentials}`,
    advice:
      names.length === 0
        ? `the files hold no profile: write [profile ${name}] into the first or [${name}] into the second, or correct ${env.AWS_CONFIG_FILE ? 'AWS_CONFIG_FILE or AWS_PROFILE' : 'AWS_PROFILE'}`
        : `correct AWS_PROFILE: there ${names.length === 1 ? 'is' : 'are'} ${some.join(', ')}${names.length > some.length ? ' and others' : ''}`,
  }
}

/** A configuration file, and whether it can be read. */
const fileOf = (written: string | undefined, name: string, env: Environment): string => {
  const path = written || join(env.HOME || homedir(), '.aws', name)
  const code = codeOfReading(path)
  if (code === undefined) return path
  return `${path} (${code === 'ENOENT' ? 'which does not exist' : `which cannot be read: ${code}`})`
}

const NOTHING_SET: NoCredentials = {
  why: 'neither the environment nor a file names any, and no instance profile gives any',
  advice: 'set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run with a role',
}

const problemOfEnvironment = (search: Search): NoCredentials => {
  const { env } = search
  const pair = (one: string, other: string): NoCredentials | undefined => {
    const [there, missing] = env[one] ? [one, other] : [other, one]
    if (!env[there] || env[missing]) return undefined
    return { why: `${there} is set, but ${missing} is not`, advice: `set ${missing} too` }
  }
  const container = containerVariable(env)
  return (
    pair('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY') ??
    pair('AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_ROLE_ARN') ??
    (env.AWS_WEB_IDENTITY_TOKEN_FILE
      ? problemOfToken('AWS_WEB_IDENTITY_TOKEN_FILE', env.AWS_WEB_IDENTITY_TOKEN_FILE, search)
      : undefined) ??
    (container === undefined ? NOTHING_SET : problemOfContainer(container, search))
  )
}

const problemOfContainer = (variable: string, search: Search): NoCredentials => {
  const file = search.env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE
  if (file && codeOfReading(file) !== undefined) {
    return problemOfToken('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', file, search)
  }
  return {
    why: `the agent that ${variable} names gives no credentials`,
    advice: 'check that the task or the service account has a role, and that the agent can be reached from here',
  }
}
