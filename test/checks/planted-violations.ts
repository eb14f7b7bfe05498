/** One file with one violation, and the rule that must report it. */
export interface Plant {
  readonly what: string
  readonly file: string
  readonly source: string
  readonly rule: RegExp
}

/** The imports that are forbidden for a file on each floor. */
const FORBIDDEN: Readonly<Record<string, readonly string[]>> = {
  'src/domain/policies/lunch': [
    '../../config/stub.ts',
    '../../advice/stub.ts',
    '../../app/stub.ts',
    '../../adapters/stub.ts',
    '../../cli/stub.ts',
    '../../simulator/stub.ts',
    '../../door/stub.ts',
    'node:fs',
    'fs',
    'node:fs/promises',
    'node:crypto',
    'yaml',
    'zod/v4',
    '@aws-sdk/client-ec2',
  ],
  'src/config/lunch': [
    '../advice/stub.ts',
    '../app/stub.ts',
    '../adapters/stub.ts',
    '../cli/stub.ts',
    '../simulator/stub.ts',
    '../door/stub.ts',
    'node:fs',
    'node:fs/promises',
    'fs',
    'pino',
    'fastify',
  ],
  'src/advice/lunch': [
    '../app/stub.ts',
    '../adapters/stub.ts',
    '../cli/stub.ts',
    '../simulator/stub.ts',
    '../door/stub.ts',
    'node:fs',
    'yaml',
  ],
  'src/app/lunch': [
    '../advice/stub.ts',
    '../adapters/stub.ts',
    '../cli/stub.ts',
    '../simulator/stub.ts',
    '../door/stub.ts',
    'node:fs',
    'node:timers/promises',
    'fs',
    '@aws-sdk/client-ec2',
    'pino',
    'prom-client',
    'fastify',
  ],
  'src/door/lunch': [
    '../config/stub.ts',
    '../app/stub.ts',
    '../adapters/stub.ts',
    '../cli/stub.ts',
    'node:fs',
    'devalue',
    'zod',
    '@aws-sdk/client-ec2',
  ],
  'src/adapters/lunch': ['../advice/stub.ts', '../cli/stub.ts', '../simulator/stub.ts'],
  'src/cli/lunch': ['../adapters/stub.ts', '../simulator/stub.ts'],
  'src/cli/compose-lunch': ['../simulator/stub.ts'],
  'src/simulator/lunch': ['../advice/stub.ts', '../app/stub.ts', '../adapters/stub.ts', '../cli/stub.ts'],
}

const FORMS: Readonly<Record<string, (from: string) => string>> = {
  import: (from) => `import { thing } from '${from}'\nexport const other = thing`,
  'import type': (from) => `import type { Thing } from '${from}'\nexport type Other = Thing`,
  'import()': (from) => `export const load = () => import('${from}')`,
  'export from': (from) => `export { thing } from '${from}'`,
}

/** Commands may import types of adapters. Only `compose-*.ts` may construct adapters. */
const isLegal = (form: string, file: string, from: string) =>
  form === 'import type' && file === 'src/cli/lunch' && from.includes('/adapters/')

const imports: readonly Plant[] = Object.entries(FORBIDDEN).flatMap(([file, targets]) =>
  targets.flatMap((from, target) =>
    Object.entries(FORMS)
      .filter(([form]) => !isLegal(form, file, from))
      .map(([form, source], index) => ({
        what: `${form} of ${from} in ${file}`,
        file: `${file}-${target}-${index}.ts`,
        source: source(from),
        rule: /no-restricted-imports/,
      })),
  ),
)

const IMPURE: Readonly<Record<string, string>> = {
  'Date.now': 'export const now = () => Date.now()',
  'Temporal.Now': "import { Temporal } from 'temporal-polyfill'\nexport const now = () => Temporal.Now.instant()",
  'Math.random': 'export const dice = () => Math.random()',
  'crypto.randomUUID': 'export const id = () => crypto.randomUUID()',
  setTimeout: 'export const later = (then: () => void) => setTimeout(then, 1000)',
  setInterval: 'export const often = (then: () => void) => setInterval(then, 1000)',
  'AbortSignal.timeout': 'export const soon = () => AbortSignal.timeout(1000)',
  performance: 'export const elapsed = () => performance.now()',
  process: 'export const home = () => process.env.HOME',
  fetch: "export const ask = () => fetch('http://127.0.0.1')",
  globalThis: 'export const now = () => globalThis.Date.now()',
  console: "export const say = () => console.log('lunch')",
  'local time': 'export const hour = (at: number) => new Date(at).getHours()',
  locale: 'export const folded = (name: string) => name.toLocaleLowerCase()',
}

const impurities: readonly Plant[] = ['src/domain', 'src/config', 'src/advice', 'src/app'].flatMap((floor) =>
  Object.entries(IMPURE).map(([what, source], index) => ({
    what: `${what} in ${floor}`,
    file: `${floor}/impure-${index}.ts`,
    source,
    rule: /no-restricted-(globals|properties)|no-console/,
  })),
)

const anywhere = (name: string, rule: RegExp, source: string): Plant => ({
  what: name,
  file: `src/adapters/${name}.ts`,
  source,
  rule,
})

/** At least one violation of every rule that protects the floors and the pure core. */
export const PLANTS: readonly Plant[] = [
  ...imports,
  ...impurities,
  {
    what: 'an adapter constructed by simulate',
    file: 'src/cli/simulate.ts',
    source: "import { thing } from '../adapters/stub.ts'\nexport const other = thing",
    rule: /no-restricted-imports/,
  },
  {
    what: 'Buffer in domain',
    file: 'src/domain/bytes.ts',
    source: "export const bytes = () => Buffer.from('lunch')",
    rule: /no-restricted-globals/,
  },
  anywhere('console', /no-console/, "export const say = () => console.log('lunch')"),
  anywhere('floating', /no-floating-promises/, 'const wait = async () => {}\nexport const eat = () => {\n  wait()\n}'),
  anywhere(
    'misused',
    /no-misused-promises/,
    'const full = async () => true\nexport const eat = () => (full() ? 1 : 2)',
  ),
  anywhere('any', /no-explicit-any/, 'export const eat = (meal: any) => String(meal)'),
  anywhere('inline-type', /consistent-type-imports/, "export type Meal = import('./stub.ts').Thing"),
  anywhere('value-for-type', /consistent-type-imports/, "import { Thing } from './stub.ts'\nexport type Meal = Thing"),
  anywhere('forth', /no-cycle/, "import type { Back } from './back.ts'\nexport type Forth = Back | 1"),
  anywhere('back', /no-cycle/, "import type { Forth } from './forth.ts'\nexport type Back = Forth | 2"),
  anywhere('default-export', /no-default-export/, 'export default 1'),
  anywhere('barrel', /no-barrel-file/, "export * from './stub.ts'"),
  anywhere('silenced', /ban-ts-comment/, '// @ts-ignore\nexport const meal: number = 1'),
]

const stub = 'export const thing = 1\nexport type Thing = unknown'

/** A tree without violations, with a file on every floor. */
export const VALID_TREE: Readonly<Record<string, string>> = {
  'src/domain/stub.ts': stub,
  'src/config/stub.ts': stub,
  'src/advice/stub.ts': stub,
  'src/app/stub.ts': stub,
  'src/door/stub.ts': stub,
  'src/adapters/stub.ts': stub,
  'src/cli/stub.ts': stub,
  'src/simulator/stub.ts': stub,
  'src/domain/door/stub.ts': stub,
  'src/domain/policies/dinner.ts': `
    import { Temporal } from 'temporal-polyfill'
    import * as z from 'zod'
    import { thing } from '../door/stub.ts'
    import type { Thing } from '../stub.ts'
    export const schema = [z.string(), thing]
    export const day = (at: Thing) => Temporal.Instant.fromEpochMilliseconds(Number(at))
    export const text = (at: number) => new Date(at).toISOString()`,
  'src/config/dinner.ts': `
    import { createHash } from 'node:crypto'
    import { join } from 'node:path'
    import { distance } from 'fastest-levenshtein'
    import { Cron as validate } from 'croner'
    import { parse } from 'yaml'
    import * as z from 'zod'
    import { thing } from '../domain/door/stub.ts'
    export const all = [createHash, join, distance, validate, parse, z, thing]`,
  'src/advice/dinner.ts': `
    import { Temporal } from 'temporal-polyfill'
    import { thing as problem } from '../config/stub.ts'
    import { thing } from '../domain/stub.ts'
    export const all = [Temporal, problem, thing]`,
  'src/app/dinner.ts': `
    import { EventEmitter } from 'node:events'
    import pLimit from 'p-limit'
    import { thing as problem } from '../config/stub.ts'
    import { thing } from '../domain/stub.ts'
    import type { Thing } from './stub.ts'
    export const all: Thing[] = [EventEmitter, pLimit, problem, thing]`,
  'src/door/dinner.ts': `
    import { parse } from '#devalue'
    import { thing } from '../domain/door/stub.ts'
    export const all = [parse, thing, Date.now()]`,
  'src/adapters/dinner.ts': `
    import { readFile } from 'node:fs/promises'
    import { EC2Client } from '@aws-sdk/client-ec2'
    import { thing as vpn } from '../app/stub.ts'
    import { thing as problem } from '../config/stub.ts'
    import { thing } from '../domain/stub.ts'
    export const all = [readFile, EC2Client, vpn, problem, thing, Date.now(), Math.random()]`,
  'src/cli/dinner.ts': `
    import type { Thing } from '../adapters/stub.ts'
    import { thing } from './compose-daemon.ts'
    export const later = () => import('./simulate.ts')
    export const all: Thing[] = [thing]`,
  'src/cli/compose-daemon.ts': `
    import { thing as adapter } from '../adapters/stub.ts'
    import { thing as app } from '../app/stub.ts'
    export const thing = [adapter, app]`,
  'src/cli/simulate.ts': `
    import { thing } from '../simulator/stub.ts'
    export const other = thing`,
  'src/simulator/dinner.ts': `
    import { createServer } from 'node:http'
    import { thing as problem } from '../config/stub.ts'
    import { thing } from '../domain/stub.ts'
    export const all = [createServer, problem, thing]`,
}
