import { createExtensionLinks, type ExtensionLinks, SHORTEST_KEY } from '../adapters/http/extension-link.ts'
import type { Warning } from '../app/notification.ts'
import type { ServerSettings } from '../config/configuration.ts'
import { OperatorError } from './command.ts'
import { readSecret } from './compose-secrets.ts'

/** The links of `extend` with the key from the environment or a file. Undefined if no links are configured. */
export const composeLinks = ({ links }: Pick<ServerSettings, 'links'>): ExtensionLinks | undefined => {
  if (links === undefined) return undefined
  const { publicUrl, key } = links
  const found = readSecret(key, keyProblem)
  if ('problem' in found) throw new OperatorError(`server.linkKey: ${found.problem}`)
  return createExtensionLinks({ publicUrl, key: found.text })
}

/** The link that a warning offers; undefined if it offers none. */
export const extendUrlOf = (
  links: Pick<ExtensionLinks, 'urlOf'>,
  { endpoint, violation, endsAt, extension: ordinal }: Warning,
): string | undefined => {
  if (ordinal === undefined) return undefined
  const { id: endpointId, region } = endpoint
  const { connectionId, policy } = violation
  return links.urlOf({ region, endpointId, connectionId, policy, ordinal, endsAt })
}

const keyProblem = (key: string) =>
  Buffer.byteLength(key) < SHORTEST_KEY
    ? `the key is shorter than ${SHORTEST_KEY} bytes: make one with "openssl rand -hex 32"`
    : undefined
