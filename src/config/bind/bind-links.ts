import type { NotifyTarget, ServerSettings } from '../configuration.ts'
import { isEncryptedOrLoopback } from '../loopback.ts'
import type { CurfewKeys } from '../schema/curfew-schema.ts'
import type { YamlFile } from '../yaml/yaml-file.ts'
import { bindSource, WRITE_SOURCE } from './bind-notify.ts'
import type { WrittenPolicy } from './bind-policy-files.ts'

const URL_PATH = ['server', 'publicUrl']
const KEY_PATH = ['server', 'linkKey']

/** Refuses a key that is written in the file itself. It runs before the schema, whose message would repeat the key. */
export const refuseLiteralLinkKey = (file: YamlFile): void => {
  const key = (file.value as { readonly server?: { readonly linkKey?: unknown } | null } | null | undefined)?.server
    ?.linkKey
  if (key === undefined || typeof key === 'object') return
  file.problem(KEY_PATH, `the key of the links is a secret and does not belong in this file: ${WRITE_SOURCE}`)
}

/** Where links lead, and the source of the key that signs them. Undefined: no links are sent. */
export const bindLinks = (
  file: YamlFile,
  { publicUrl, linkKey }: NonNullable<CurfewKeys['server']>,
): ServerSettings['links'] => {
  if (publicUrl === undefined) {
    if (linkKey !== undefined && !file.isFlawed(URL_PATH)) {
      file.problem(KEY_PATH, 'this key has no effect without "publicUrl": add "publicUrl", or remove this key', {
        at: 'key',
      })
    }
    return undefined
  }
  const problem = publicUrlProblem(publicUrl)
  if (problem !== undefined) file.problem(URL_PATH, problem)
  if (linkKey === undefined) {
    if (!file.isFlawed(KEY_PATH)) {
      const message = `"publicUrl" needs "linkKey", the key that signs the links: ${WRITE_SOURCE}, and make a key with "openssl rand -hex 32"`
      file.problem(URL_PATH, message, { at: 'key' })
    }
    return undefined
  }
  // A change of the key takes effect at the next start, as all of `server` does.
  const key = bindSource(file, KEY_PATH, linkKey, () => {})
  return problem === undefined && key !== undefined ? { publicUrl: publicUrl.replace(/\/+$/, ''), key } : undefined
}

const publicUrlProblem = (written: string): string | undefined => {
  if (!/^https?:\/\/[^\s/]/i.test(written) || !URL.canParse(written))
    return 'this is not an http or https URL: write https://… as people reach this server'
  const url = new URL(written)
  if (url.username !== '' || url.password !== '') return 'the URL contains a login: remove it'
  if (url.search !== '' || url.hash !== '')
    return 'the URL has a query or a fragment: remove it, links are added to its path'
  if (isEncryptedOrLoopback(url)) return undefined
  return 'http:// would send the links in the clear: write https://…; http:// is allowed for this machine only'
}

/** Warns about policies with `extend` if no link can be made, or no link reaches the person. */
export const reportUnlinkedExtensions = (
  policies: readonly WrittenPolicy[],
  links: ServerSettings['links'],
  notify: readonly NotifyTarget[],
): void => {
  const reachesPeople = notify.some(
    ({ receiver, events }) => (receiver === 'email' || receiver === 'slackBot') && events.includes('warning'),
  )
  if (links !== undefined && reachesPeople) return
  const lacking =
    links === undefined
      ? 'add "publicUrl" and "linkKey" to "server" in curfew.yaml'
      : 'links are sent to the person only: add an entry with "email" or "slackBot" to "notify" in curfew.yaml'
  for (const { policy, file, index } of policies) {
    if (policy.extend === undefined) continue
    const message = `nobody can ask for these extensions: ${lacking}`
    file.problem(['policies', index, 'extend'], message, { severity: 'warning', at: 'key' })
  }
}
