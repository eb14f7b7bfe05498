import type { UserEntry } from '../domain/names/user-list.ts'
import type { Policy } from '../domain/policies/policy.ts'
import { POLICY_KINDS } from '../domain/policies/registry.ts'
import type { PolicySetContent } from './bind/policy-set-hash.ts'
import type { ConfigFiles } from './config-files.ts'
import { loadConfiguration } from './load.ts'

type Written = Readonly<Record<string, unknown>>

const isMap = (value: unknown): value is Written => typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Binds policies from their written form, which a state file keeps. Undefined if this version does not accept them, for
 * example because it no longer knows a key.
 */
export const bindWritten = (
  written: unknown,
): { readonly policies: readonly Policy[]; readonly protect: readonly UserEntry[] } | undefined => {
  if (!isMap(written) || !Array.isArray(written.policies)) return undefined
  const { policies, groups, calendars, protect } = written as unknown as PolicySetContent
  const { configuration } = loadConfiguration(filesOf({ policies, groups, calendars, protect }), '/curfew.yaml')
  return configuration
}

/** The files that an operator could have written it in. JSON is YAML. */
const filesOf = ({ policies, groups, calendars, protect }: PolicySetContent): ConfigFiles => {
  const texts = new Map<string, string>()
  const write = (path: string, value: Written) => texts.set(path, JSON.stringify({ version: 1, ...value }))
  // The endpoints have no effect on the policies, but the file needs some.
  write('/curfew.yaml', { policies: ['./policies'], protect, watch: [{ region: 'us-east-1', discover: 'all' }] })
  write('/policies/0.yaml', { groups, calendars: isMap(calendars) ? withCalendarFiles(calendars, texts) : calendars })
  for (const [index, policy] of policies.entries()) {
    // Files are read in the order of their names.
    const name = String(index + 1).padStart(9, '0')
    write(`/policies/${name}.yaml`, { policies: [withFiles(policy, name, texts)] })
  }
  return {
    look(path) {
      if (texts.has(path)) return { kind: 'file', realPath: path }
      return ['/', '/policies'].includes(path) ? { kind: 'folder', realPath: path } : { kind: 'missing' }
    },
    read(path) {
      const text = texts.get(path)
      return text === undefined ? { why: 'it does not exist' } : { bytes: Buffer.from(text) }
    },
    list: () => ({ names: [...texts.keys()].flatMap((path) => /^\/policies\/(.+)$/.exec(path)?.[1] ?? []) }),
  }
}

/** The calendars with the lines of their files in files again. */
const withCalendarFiles = (calendars: Written, texts: Map<string, string>): Written =>
  Object.fromEntries(
    Object.entries(calendars).map(([name, calendar], index) => {
      if (!isMap(calendar) || !Array.isArray(calendar.file)) return [name, calendar]
      texts.set(`/policies/${index}.ics`, calendar.file.join('\n'))
      return [name, { ...calendar, file: `./${index}.ics` }]
    }),
  )

/** The policy with the entries of its files in files again. */
const withFiles = (policy: unknown, name: string, texts: Map<string, string>): unknown => {
  if (!isMap(policy)) return policy
  const kind = POLICY_KINDS.find((known) => known.kind === policy.kind)
  const named = (kind?.fileKeys ?? []).flatMap((key) => {
    const entries = policy[key]
    if (!Array.isArray(entries)) return []
    texts.set(`/policies/${name}-${key}.txt`, entries.join('\n'))
    return [[key, `./${name}-${key}.txt`]]
  })
  return { ...policy, ...Object.fromEntries(named) }
}
