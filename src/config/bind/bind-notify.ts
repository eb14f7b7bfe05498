import { resolvePath } from '../config-paths.ts'
import type { NotifyTarget, SecretSource } from '../configuration.ts'
import type { CurfewKeys } from '../schema/curfew-schema.ts'
import { addressProblem } from '../schema/notify-address.ts'
import type { YamlFile } from '../yaml/yaml-file.ts'
import type { Path } from '../yaml/yaml-tree.ts'

type WrittenTarget = NonNullable<CurfewKeys['notify']>[number]
type WrittenSource = NonNullable<WrittenTarget['slack']>

const RECEIVERS = ['webhook', 'slack'] as const

const WRITE_SOURCE = 'write { env: NAME } or { file: PATH }'

/**
 * Refuses secrets that are written in the file itself. It runs before the schema, whose messages would repeat the
 * secret.
 */
export const refuseLiteralSecrets = (file: YamlFile): void => {
  const written = (file.value as { readonly notify?: unknown } | null | undefined)?.notify
  if (!Array.isArray(written)) return
  written.forEach((entry: unknown, index) => {
    if (typeof entry !== 'object' || entry === null) return
    for (const [key, meaning] of [
      ['slack', 'the address of a Slack webhook'],
      ['secret', 'the signing key'],
    ] as const) {
      const value: unknown = (entry as Record<string, unknown>)[key]
      if (value === undefined || typeof value === 'object') continue
      file.problem(['notify', index, key], `${meaning} is a secret and does not belong in this file: ${WRITE_SOURCE}`)
    }
  })
}

/**
 * The receivers of notifications, checked and bound. `visit` is called with every file that holds an address or a
 * secret.
 */
export const bindNotify = (
  file: YamlFile,
  written: readonly WrittenTarget[],
  visit: (path: string) => void,
): readonly NotifyTarget[] => {
  const placeOfName = new Map<string, string>()
  return written.flatMap((entry, index) => {
    const path = ['notify', index]
    const bind = (key: keyof WrittenTarget, found: WrittenSource) => bindSource(file, [...path, key], found, visit)
    const receivers = RECEIVERS.filter((key) => entry[key] !== undefined || file.isFlawed([...path, key]))
    const [receiver] = receivers
    if (receiver === undefined || receivers.length > 1) {
      file.problem(path, 'expected exactly one receiver: write "webhook" or "slack", with an entry of its own for each')
      return []
    }
    const name = entry.name ?? `${receiver}-${index + 1}`
    const firstPlace = placeOfName.get(name)
    if (firstPlace === undefined) {
      placeOfName.set(name, file.placeOf(path))
    } else if (!file.isFlawed(path)) {
      file.problem(
        entry.name === undefined ? path : [...path, 'name'],
        `the name "${name}" is already used at ${firstPlace}: choose another`,
      )
    }
    const { secret, events } = entry
    if (receiver === 'slack' && secret !== undefined) {
      file.problem([...path, 'secret'], 'Slack does not verify signatures: remove the key', { at: 'key' })
    }
    if (receiver === 'webhook' && secret === undefined && !file.isFlawed([...path, 'secret'])) {
      const message = `without "secret" the receiver cannot verify the sender: ${WRITE_SOURCE}`
      file.problem(path, message, { severity: 'warning' })
    }
    const found = entry[receiver]
    if (found === undefined) return []
    const address = typeof found === 'string' ? literalAddress(file, [...path, receiver], found) : bind(receiver, found)
    return address === undefined ? [] : [{ name, receiver, address, secret: secret && bind('secret', secret), events }]
  })
}

const literalAddress = (file: YamlFile, path: Path, address: string): string | undefined => {
  const problem = addressProblem(address)
  if (problem !== undefined) file.problem(path, problem)
  else if (new URL(address).password !== '') file.problem(path, `the address contains a password: ${WRITE_SOURCE}`)
  else return address
  return undefined
}

const bindSource = (
  file: YamlFile,
  path: Path,
  { env, file: named }: WrittenSource,
  visit: (path: string) => void,
): SecretSource | undefined => {
  if (env !== undefined && named === undefined) return { env }
  if (named !== undefined && env === undefined) {
    const resolved = resolvePath(file.path, named)
    visit(resolved)
    return { file: resolved }
  }
  if (!file.isFlawed(path)) file.problem(path, 'expected exactly one source: { env: NAME } or { file: PATH }')
  return undefined
}
