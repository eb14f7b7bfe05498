import type { Logger } from 'pino'
import { isReadByOthers } from '../adapters/files/exposed.ts'
import type { Configuration } from '../config/configuration.ts'
import { isEncryptedOrLoopback } from '../config/loopback.ts'

type Secrets = Pick<Configuration, 'server' | 'notify' | 'log' | 'engine'>

/** The files that hold a key, a token or another secret. */
const secretFilesOf = ({ server, notify, log, engine }: Secrets): readonly string[] => {
  const sources = notify.flatMap((target) => {
    if (target.receiver === 'slackBot') return [target.token]
    return target.receiver === 'email' ? [target.password] : [target.address, target.secret]
  })
  const url = engine.kind === 'postgres' ? engine.url : undefined
  const named = [...sources, log.pseudonymKey, server.links?.key, url].flatMap((source) =>
    typeof source === 'object' && 'file' in source ? [source.file] : [],
  )
  return [server.tls?.keyFile, server.bearerTokenFile, ...named].filter((file) => file !== undefined)
}

/** The variables by which the AWS SDK sends its requests elsewhere. */
const ENDPOINT_VARIABLES = ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_EC2', 'AWS_ENDPOINT_URL_STS'] as const

/** A secret or a request that others can read, and what to do. */
interface Exposure {
  readonly found: string
  readonly advice: string
}

/** The variables that send requests over a network as plain text. */
export const exposedRequests = (): ReadonlyArray<Exposure & { readonly variable: string }> =>
  ENDPOINT_VARIABLES.flatMap((variable) => {
    const url = process.env[variable] ?? ''
    if (!URL.canParse(url) || isEncryptedOrLoopback(new URL(url))) return []
    const found = `${variable} is an http:// address of another machine: anybody on the way can read user names and answer in place of AWS`
    return [{ variable, found, advice: 'Use https://' }]
  })

/** The files of secrets that every user of this machine can read. */
export const exposedSecrets = async (
  secrets: Secrets,
): Promise<ReadonlyArray<Exposure & { readonly file: string }>> => {
  const files = secretFilesOf(secrets)
  const exposed = await Promise.all(files.map(async (file) => ((await isReadByOthers(file)) ? [file] : [])))
  return exposed.flat().map((file) => ({
    file,
    found: `every user of this machine can read the secret in ${file}`,
    advice: `run "chmod o-r" on it, or in Kubernetes set "defaultMode: 0440" on its volume, and replace the secret`,
  }))
}

/** Warns of secrets that others can read, once per file while they can, and of requests that they can. */
export const createExposureWarnings = (log: Logger) => {
  let warned: ReadonlySet<string> = new Set()
  for (const { variable, found, advice } of exposedRequests()) {
    log.warn({ event: 'insecure-endpoint-url', variable }, `${found}. ${advice}`)
  }
  return {
    async check(secrets: Secrets): Promise<void> {
      const exposed = await exposedSecrets(secrets)
      for (const { file, found, advice } of exposed) {
        if (!warned.has(file)) log.warn({ event: 'secret-exposed', file }, `${found}: ${advice}`)
      }
      warned = new Set(exposed.map(({ file }) => file))
    },
  }
}
