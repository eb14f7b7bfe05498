import { resolvePath } from '../config-paths.ts'
import type { NotifyTarget, SecretSource } from '../configuration.ts'
import type { CurfewKeys } from '../schema/curfew-schema.ts'
import { addressProblem } from '../schema/notify-address.ts'
import type { YamlFile } from '../yaml/yaml-file.ts'
import type { Path } from '../yaml/yaml-tree.ts'

type WrittenTarget = NonNullable<CurfewKeys['notify']>[number]
type WrittenSource = NonNullable<WrittenTarget['slack']>

const RECEIVERS = ['webhook', 'slack'] as const

const INSTEAD = 'write { env: NAME } or { file: PATH }'

/** Refuses what should not stand in the file itself. Goes before the schema, whose words would repeat it. */
export const refuseLiteralSecrets = (file: YamlFile): void => {
  const written = (file.value as { readonly notify?: unknown } | null | undefined)?.notify
  if (!Array.isArray(written)) return
  written.forEach((entry: unknown, index) => {
    if (typeof entry !== 'object' || entry === null) return
    for (const [key, what] of [
      ['slack', 'the address of a Slack webhook'],
      ['secret', 'what signs'],
    ] as const) {
      const value: unknown = (entry as Record<string, unknown>)[key]
      if (value === undefined || typeof value === 'object') continue
      file.problem(['notify', index, key], `${what} is a secret and does not belong in this file: ${INSTEAD}`)
    }
  })
}

/** Who is told, as written and checked. `visit` hears of every file that holds a part of it. */
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
      file.problem(path, 'expected one receiver: write "webhook" or "slack", and an entry of its own for each')
      return []
    }
    const name = entry.name ?? `${receiver}-${index + 1}`
    const taken = placeOfName.get(name)
    if (taken === undefined) {
      placeOfName.set(name, file.placeOf(path))
    } else if (!file.isFlawed(path)) {
      file.problem(
        entry.name === undefined ? path : [...path, 'name'],
        `the name "${name}" is taken at ${taken}: choose another`,
      )
    }
    const { secret, events } = entry
    if (receiver === 'slack' && secret !== undefined) {
      file.problem([...path, 'secret'], 'Slack checks no signature: remove the key', { at: 'key' })
    }
    if (receiver === 'webhook' && secret === undefined && !file.isFlawed([...path, 'secret'])) {
      const message = `without "secret" a receiver cannot tell who sent it: ${INSTEAD}`
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
  else if (new URL(address).password !== '') file.problem(path, `the address holds a password: ${INSTEAD}`)
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
  if (!file.isFlawed(path))
    file.problem(path, 'expected where it stands, in one place: { env: NAME } or { file: PATH }')
  return undefined
}
