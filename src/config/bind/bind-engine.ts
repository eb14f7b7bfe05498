import { resolvePath } from '../config-paths.ts'
import type { EngineSettings, PostgresSettings } from '../configuration.ts'
import type { CurfewKeys } from '../schema/curfew-schema.ts'
import type { YamlFile } from '../yaml/yaml-file.ts'
import { bindSource, WRITE_SOURCE } from './bind-notify.ts'

type WrittenEngine = NonNullable<CurfewKeys['engine']>

const URL_PATH = ['engine', 'url']

/** The keys that are written in a map. Anything else has none. */
const keysIn = (found: unknown): Readonly<Record<string, unknown>> =>
  typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {}

/** Refuses a URL that is written in the file itself. It runs before the schema, whose message would repeat the password. */
export const refuseLiteralUrl = (file: YamlFile): void => {
  const url = keysIn(keysIn(file.value)['engine'])['url']
  if (url === undefined || typeof url === 'object') return
  file.problem(URL_PATH, `the URL of the database is a secret and does not belong in this file: ${WRITE_SOURCE}`)
}

/** Where the trail and the state are kept. Undefined if a problem was reported. */
export const bindEngine = (file: YamlFile, written: WrittenEngine): EngineSettings | undefined => {
  const { kind, url, lease, tls, iam } = written
  if (file.isFlawed(['engine'])) return undefined
  if (kind === 'files') {
    for (const key of ['url', 'lease', 'tls', 'iam'] as const) {
      if (!(key in keysIn(keysIn(file.value)['engine']))) continue
      const message = 'this key has no effect without "kind: postgres": add "kind: postgres", or remove this key'
      file.problem(['engine', key], message, { at: 'key' })
    }
    return { kind }
  }
  // `state.file` has one: a replica remembers beside it how far the database was.
  if ('audit' in keysIn(file.value)) {
    const message =
      'with "engine: { kind: postgres }" the audit trail is in the database, and this key has no effect: remove it'
    file.problem(['audit'], message, { at: 'key', severity: 'warning' })
  }
  if (url === undefined) {
    file.problem(['engine'], `"kind: postgres" needs "url", the URL of the database: ${WRITE_SOURCE}`)
    return undefined
  }
  if (tls === 'off' && iam !== undefined) {
    const message = 'without TLS the token of IAM would be sent in the clear, and RDS refuses it: remove "tls: off"'
    file.problem(['engine', 'tls'], message)
  }
  // A change of the engine takes effect at the next start, so that its files are not watched.
  const source = bindSource(file, URL_PATH, url, () => {})
  return source && { kind, url: source, leaseMs: lease, tls: bindTls(file, tls), iam }
}

const bindTls = (file: YamlFile, tls: WrittenEngine['tls']): PostgresSettings['tls'] => {
  if (typeof tls === 'string') return { mode: 'off' }
  const caFile = tls?.caFile === undefined ? undefined : resolvePath(file.path, tls.caFile)
  return { mode: 'verify', caFile }
}
