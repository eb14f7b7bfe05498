import * as z from 'zod'
import type { Connection } from '../connection.ts'
import type { Pattern } from '../names/pattern.ts'
import { createUserList, type Person, periodsOf, type UserEntry } from '../names/user-list.ts'
import { type Instant, NEVER, toText } from '../time/instant.ts'
import { instant } from '../time/instant-text.ts'
import { definePolicyKind, type Finding, type History, type Shared } from './policy.ts'

const pattern = z.string().meta({ description: 'A name, a pattern with * and ?, user:…, cn:… or group:….' })

const keys = z
  .strictObject({
    users: z
      .array(
        z.union([
          pattern,
          z.strictObject({
            pattern,
            from: instant.optional().meta({ description: 'The ban begins at this instant.' }),
            until: instant.optional().meta({ description: 'The ban is over at this instant.' }),
            reason: z.string().min(1).optional().meta({ description: 'Why; shown wherever the ban is.' }),
          }),
        ]),
      )
      .optional()
      .meta({ description: 'Who is banned. Each entry looks at the user name and at the common name.' }),
    usersFile: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: 'A text file of banned users, one pattern a line; the path is relative to this file.',
        examples: ['./banned.txt'],
      }),
    allowEmpty: z.boolean().default(false).meta({ description: 'Whether `usersFile` may hold no entry.' }),
  })
  // Asked also when something else is wrong with the policy, so that every problem is reported in one go.
  .refine((written) => written.users !== undefined || written.usersFile !== undefined, {
    when: () => true,
    message: 'nobody is named: write "users", "usersFile" or both',
  })
  .refine((written) => written.usersFile !== undefined || !Array.isArray(written.users) || written.users.length > 0, {
    when: () => true,
    path: ['users'],
    message: 'the list is empty: name somebody, or take the policy out',
  })
  .refine((written) => written.usersFile !== undefined || written.allowEmpty !== true, {
    when: () => true,
    path: ['allowEmpty'],
    message: '"allowEmpty" speaks of the file that "usersFile" names: write "usersFile" as well, or remove the key',
  })

type Path = readonly (string | number)[]

/** `*`, `**` or `*@*` would ban everybody: a ban names somebody. */
const namesNobody = ({ text }: Pattern) => !/[\p{L}\p{N}]/u.test(text)

const bind = (written: z.output<typeof keys>, shared: Shared): readonly UserEntry[] => {
  const entries: UserEntry[] = []
  const add = (text: string, path: Path, ban: Partial<UserEntry>) => {
    for (const found of shared.patterns(text, path) ?? []) {
      if (namesNobody(found)) {
        shared.problem(path, `"${found.source}" would ban everybody: a pattern here needs a letter or a digit`)
      } else {
        entries.push({ from: undefined, until: undefined, reason: undefined, ...ban, pattern: found })
      }
    }
  }

  written.users?.forEach((entry, index) => {
    if (typeof entry === 'string') return add(entry, ['users', index], {})
    const { pattern: text, from, until, reason } = entry
    if (from !== undefined && until !== undefined && until <= from) {
      shared.problem(
        ['users', index, 'until'],
        `the ban ends before it begins: ${toText(until)} is not after ${toText(from)}`,
      )
    }
    add(text, ['users', index, 'pattern'], { from, until, reason })
  })

  const listed = written.usersFile === undefined ? undefined : shared.file('usersFile')
  for (const { text, line } of listed ?? []) add(text, ['usersFile', line], {})
  if (listed?.length === 0 && !written.allowEmpty) {
    shared.problem(
      ['usersFile'],
      'the file has no entry: add one, or write "allowEmpty: true" if the list may be empty',
    )
  }
  return entries
}

/** The ban is older than the connection, or the connection older than the ban; an established time that is missing or in the future says neither. */
const violatedSince = (
  { id, establishedAt }: Connection,
  banFrom: Instant,
  history: History,
  now: Instant,
): Instant => {
  if (establishedAt !== undefined && establishedAt <= now) return Math.max(establishedAt, banFrom)
  return Number.isFinite(banFrom) ? banFrom : (history.firstSeenAt(id) ?? now)
}

/** What stands between the parts of a name: `CORP\\alice`, `alice@corp.example`. */
const SEPARATORS = /[\\@/]/

/** The exact entry that is a whole part of a name that no entry names: perhaps it was meant to. */
const nearMiss = (entries: readonly UserEntry[]) => {
  const exact = new Map(entries.flatMap(({ pattern }) => (pattern.exact ? [[pattern.text, pattern.source]] : [])))
  const list = createUserList(entries, 'either')
  return (person: Person): string | undefined => {
    const parts = [person.username, person.commonName].flatMap((name) => name?.split(SEPARATORS) ?? [])
    const near = parts.map((part) => exact.get(part)).find((entry) => entry !== undefined)
    return near === undefined || list.find(person).length > 0 ? undefined : near
  }
}

export const bannedUsers = definePolicyKind({
  kind: 'banned-users',
  reason: 'banned',
  rank: 10,
  scope: 'principal',
  facts: 'immutable',
  foreseeable: true,
  summary: 'Ends every connection of the users it names, as long as they are named.',
  keys,
  fileKeys: ['usersFile'],
  noGrace: 'a ban gives no grace: to give notice, write `from` on the entry',
  namesUsers: true,
  bind,
  names: (entries) => entries,
  isNamesAlone: true,
  warnings: (entries, { now }) =>
    entries.flatMap(({ until = NEVER }, index) =>
      until <= now
        ? [
            {
              path: ['users', index, 'until'],
              message: `this ban is over since ${toText(until)}: remove it, or extend it`,
            },
          ]
        : [],
    ),
  nearMiss,
  judge: (entries) => {
    const list = createUserList(entries, 'either')
    return (person) => {
      const found = list.find(person)
      const spans = periodsOf(found)
      return {
        find(connection, history, now): Finding {
          for (const { from, until } of spans) {
            if (now < from) return { word: 'fine', until: from }
            if (now < until) return { word: 'violated', since: violatedSince(connection, from, history, now), until }
          }
          return { word: 'fine', until: NEVER }
        },
        because(_connection, _finding, now) {
          const [first] = found.filter((entry) => (entry.from ?? -NEVER) <= now && now < (entry.until ?? NEVER))
          if (first === undefined) return found.length === 0 ? 'not on the list' : 'on the list, but not at this time'
          const until = first.until === undefined ? '' : ` until ${toText(first.until)}`
          const reason = first.reason === undefined ? '' : `: ${first.reason}`
          return `banned as "${first.pattern.source}"${until}${reason}`
        },
      }
    }
  },
})
