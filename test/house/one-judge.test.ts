import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
)

/** The files that import a name from a module. */
const importersOf = (name: string, module: string): readonly string[] =>
  files.filter((file) => {
    const source = readFileSync(join(root, 'src', file), 'utf8')
    const imports = source.matchAll(/^import (?:type )?\{([^}]*)\} from '([^']+)'$/gm)
    return [...imports].some(
      ([, names = '', from = '']) => from.endsWith(module) && names.split(/[\s,]+/).includes(name),
    )
  })

describe('the one judge', () => {
  // A second caller of any of these would be a second judge, and the two would differ one day.
  it.each([
    ['createDecider', '/decide.ts'],
    ['reviewEdits', '/guard.ts'],
    ['reviewDue', '/guard.ts'],
    ['planOf', '/plan.ts'],
    ['usersToEndAtOnce', '/username-calls.ts'],
    ['newsOf', '/news.ts'],
  ])('is all that imports %s', (name, module) => {
    expect(importersOf(name, module)).toEqual(['domain/judge/judge-endpoint.ts'])
  })

  it('is asked at the door by the handler, and by what try and explain show of it', () => {
    expect([...importersOf('createDoor', '/door.ts')].sort()).toEqual(['cli/at-the-door.ts', 'door/revived-door.ts'])
  })

  it('is asked by the daemon, by what plan, connections and explain show, and by policy tests', () => {
    expect([...importersOf('judgeEndpoint', '/judge-endpoint.ts')].sort()).toEqual([
      'app/endpoint-watch.ts',
      'app/first-judgement.ts',
      'cli/imagined-connection.ts',
      'domain/judge/policy-test.ts',
    ])
  })
})
