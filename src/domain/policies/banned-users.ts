import * as z from 'zod'
import type { Connection } from '../connection.ts'
import { endsSentence } from '../door/answer-text.ts'
import type { Pattern } from '../names/pattern.ts'
import { lastingAt, narrowed, periodsOf, type UserEntry } from '../names/user-list.ts'
import { type Instant, NEVER, toText } from '../time/instant.ts'
import { instant } from '../time/instant-text.ts'
import { periodProblem } from '../time/period.ts'
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
            until: instant.optional().meta({ description: 'The ban ends at this instant.' }),
            reason: z
              .string()
              .min(1)
              .optional()
              .meta({ description: 'The reason for the ban, shown wherever the ban is.' }),
          }),
        ]),
      )
      .optional()
      .meta({ description: 'The banned users. Each entry is compared with the user name and the common name.' }),
    usersFile: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: 'A text file of banned users, one pattern a line; the path is relative to this file.',
        examples: ['./banned.txt'],
      }),
    allowEmpty: z.boolean().default(false).meta({ description: 'Whether the file of `usersFile` may have no entry.' }),
  })
  // `when` makes these checks run even after another check has failed, so that every problem is reported in one go.
  .refine((written) => written.users !== undefined || written.usersFile !== undefined, {
    when: () => true,
    message: 'the policy names no user: write "users", "usersFile" or both',
  })
  .refine((written) => written.usersFile !== undefined || !Array.isArray(written.users) || written.users.length > 0, {
    when: () => true,
    path: ['users'],
    message: 'the list is empty: add a user, or remove the policy',
  })
  .refine((written) => written.usersFile !== undefined || written.allowEmpty !== true, {
    when: () => true,
    path: ['allowEmpty'],
    message: '"allowEmpty" applies to the file of "usersFile": write "usersFile" as well, or remove "allowEmpty"',
  })

type Path = readonly (string | number)[]

/** Patterns such as `*`, `**` or `*@*` would ban everybody, which is never what the operator wants. */
const isTooBroad = ({ text }: Pattern) => !/[\p{L}\p{N}]/u.test(text)

const bind = (written: z.output<typeof keys>, shared: Shared): readonly UserEntry[] => {
  const entries: UserEntry[] = []
  const add = (text: string, path: Path, ban?: Partial<UserEntry>) => {
    for (const found of shared.entries(text, path) ?? []) {
      if (isTooBroad(found.pattern)) {
        const { source } = found.pattern
        shared.problem(path, `"${source}" would ban everybody: write a pattern with a letter or a digit`)
      } else {
        entries.push(ban === undefined ? found : narrowed(found, ban))
      }
    }
  }

  written.users?.forEach((entry, index) => {
    if (typeof entry === 'string') return add(entry, ['users', index])
    const { pattern: text, from, until, reason } = entry
    const problem = periodProblem('the ban', from, until)
    if (problem !== undefined) shared.problem(['users', index, 'until'], problem)
    add(text, ['users', index, 'pattern'], { from, until, reason })
  })

  const listed = written.usersFile === undefined ? undefined : shared.file('usersFile')
  for (const { text, line } of listed ?? []) add(text, ['usersFile', line])
  if (listed?.length === 0 && !written.allowEmpty) {
    shared.problem(
      ['usersFile'],
      'the file has no entry: add one, or write "allowEmpty: true" if the list may be empty',
    )
  }
  return entries
}

/**
 * The later of two instants: when the ban began, and when the connection was established. An established time that is
 * missing or in the future proves nothing. Then the beginning of the ban counts, else the connection's first snapshot.
 */
const violatedSince = (
  { id, establishedAt }: Connection,
  banFrom: Instant,
  history: History,
  now: Instant,
): Instant => {
  if (establishedAt !== undefined && establishedAt <= now) return Math.max(establishedAt, banFrom)
  return Number.isFinite(banFrom) ? banFrom : (history.firstSeenAt(id) ?? now)
}

const WHAT_TO_DO = 'Ask the administrators of the VPN if you need access.'

/** Operators end a reason with a full stop or without, or ask in it. */
const inSentence = (reason: string) => (endsSentence(reason) ? reason : `${reason.replace(/[\s,:;]+$/, '')}.`)

export const bannedUsers = definePolicyKind({
  kind: 'banned-users',
  reason: 'banned',
  rank: 10,
  scope: 'principal',
  facts: 'immutable',
  foreseeable: true,
  summary: 'Ends every connection of the users that it names, for as long as it names them.',
  whatToDo: WHAT_TO_DO,
  atTheDoor: {
    reason: (_entries, { writtenReason }) => writtenReason ?? 'blocked by the administrators of the VPN',
    texts: (_entries, { until, zone, writtenReason }) => {
      const blocked = `Your VPN access is blocked${until === undefined ? '' : ` until ${until} ${zone}`}`
      const sentence = writtenReason === undefined ? `${blocked}.` : `${blocked}: ${inSentence(writtenReason)}`
      return [`${sentence} ${WHAT_TO_DO}`, sentence]
    },
  },
  keys,
  fileKeys: ['usersFile'],
  noGrace: 'a ban gives no grace: remove the key; to give notice, write `from` on the entry',
  namesUsers: true,
  bind,
  words: (entries) => `of a user on its list of ${entries.length === 1 ? '1 entry' : `${entries.length} entries`}`,
  names: (entries) => entries,
  isNamesAlone: true,
  warnings: (entries, { now }) =>
    entries.flatMap(({ until = NEVER }, index) =>
      until <= now
        ? [
            {
              path: ['users', index, 'until'],
              message: `this ban ended at ${toText(until)}: remove it, or extend it`,
            },
          ]
        : [],
    ),
  judge: () => (named) => {
    const periods = periodsOf(named)
    return {
      find(connection, history, now): Finding {
        for (const { from, until } of periods) {
          if (now < from) return { word: 'fine', until: from }
          if (now < until) return { word: 'violated', since: violatedSince(connection, from, history, now), until }
        }
        return { word: 'fine', until: NEVER }
      },
      because(_connection, _finding, now) {
        const inForce = named.find((entry) => (entry.from ?? -NEVER) <= now && now < (entry.until ?? NEVER))
        if (inForce === undefined) {
          return named.length === 0
            ? 'not banned: no entry matches'
            : 'not banned: the entry that matches is for another time'
        }
        const until = inForce.until === undefined ? '' : ` until ${toText(inForce.until)}`
        const reason = inForce.reason === undefined ? '' : `: ${inForce.reason}`
        return `banned as "${inForce.pattern.source}"${until}${reason}`
      },
      writtenReason: (now) =>
        lastingAt(
          named.filter(({ reason }) => reason !== undefined),
          now,
        )?.reason,
    }
  },
})
