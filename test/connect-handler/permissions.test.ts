import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeOfImage, nodeWithNetPermission, THIS_NODE } from '../cli/node-versions.ts'
import { validAnswer } from './answers.ts'
import { buildInto } from './built-zip.ts'
import { startHandlerProcess } from './handler-process.ts'
import { loggedLine } from './logged-line.ts'
import { MONDAY, OFFICE, PEOPLE, SATURDAY } from './office.ts'
import { REQUESTS } from './requests.ts'
import { createTaskFolder } from './task-folder.ts'

/** The bodies of handlers that do what the built one must not. */
const FORBIDDEN = {
  'reads a file': "process.getBuiltinModule('node:fs').readFileSync('/etc/hostname')",
  'lists a folder': "process.getBuiltinModule('node:fs').readdirSync('/')",
  'writes a file': "process.getBuiltinModule('node:fs').writeFileSync('/tmp/curfew-door', '')",
  'starts a program': "process.getBuiltinModule('node:child_process').execSync('true')",
  'starts a thread': "new (process.getBuiltinModule('node:worker_threads').Worker)('0', { eval: true })",
  'imports a file of its own': "await import('./rules.mjs')",
}

const ON_THE_NETWORK = {
  'sends a request': "await fetch('http://127.0.0.1:65000/')",
  'opens a socket': `await new Promise((resolve, reject) => {
    process.getBuiltinModule('node:net').connect(65000, '127.0.0.1').on('error', reject).on('connect', resolve)
  })`,
  'asks for a name': "await process.getBuiltinModule('node:dns').promises.resolve('corp.example')",
}

const REFUSED = /access to this api has been restricted|ERR_ACCESS_DENIED/i

const NODES = [
  { name: 'this Node', nodeOf: async () => THIS_NODE, flag: '--experimental-permission', refuses: FORBIDDEN },
  { name: 'the Node of nodejs24.x', nodeOf: nodeOfImage, flag: '--permission', refuses: FORBIDDEN },
  {
    name: 'a Node that also refuses the network',
    nodeOf: nodeWithNetPermission,
    flag: '--permission',
    refuses: { ...FORBIDDEN, ...ON_THE_NETWORK },
  },
] as const

const folder = createTaskFolder()
let built = ''
const planted = new Map<string, string>()

beforeAll(async () => {
  built = (await buildInto(folder.path, OFFICE)).handler
  writeFileSync(join(folder.path, 'rules.mjs'), '')
  for (const [name, body] of Object.entries({ ...FORBIDDEN, ...ON_THE_NETWORK })) {
    const path = join(folder.path, `${name.replaceAll(' ', '-')}.mjs`)
    writeFileSync(path, `export const handler = async () => { ${body} }`)
    planted.set(name, path)
  }
})

afterAll(() => folder[Symbol.dispose]())

describe.each(NODES)('with no permission but to read its own file, on $name', ({ nodeOf, flag, refuses }) => {
  it('the built handler answers and logs, and every planted one is refused or found out', async () => {
    const readable = [built, ...planted.values()]
    await using handlers = await startHandlerProcess({
      node: await nodeOf(),
      flags: (program) => [
        flag,
        '--disable-warning=ExperimentalWarning',
        ...[program, ...readable].map((path) => `--allow-fs-read=${path}`),
      ],
    })
    const calls = Object.values(PEOPLE).flatMap((person) =>
      [MONDAY, SATURDAY].flatMap((at) => Object.values(REQUESTS).map((of) => ({ at, event: of(person) }))),
    )
    const { outcomes, touched } = await handlers.call(built, calls)
    const decisions = outcomes.map(({ answer, log }, index) => {
      validAnswer(calls[index]?.event, answer)
      return loggedLine(log).Decision
    })
    expect(new Set(decisions)).toEqual(new Set(['allow', 'deny']))
    expect(touched).toEqual([])

    for (const [name, path] of planted) {
      const { outcomes, touched } = await handlers.call(path, [{ at: MONDAY, event: {} }])
      const isRefused = REFUSED.test(outcomes[0]?.threw ?? '')
      expect([name, isRefused || touched.length > 0]).toEqual([name, true])
      if (name in refuses) expect([name, outcomes[0]?.threw]).toEqual([name, expect.stringMatching(REFUSED)])
    }
  })
})
