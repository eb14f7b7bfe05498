import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeOfImage, THIS_NODE } from '../cli/node-versions.ts'
import { validAnswer } from './answers.ts'
import { buildInto } from './built-zip.ts'
import { FUNCTION_NAME, startLambda } from './lambda.ts'
import { loggedLine } from './logged-line.ts'
import { OFFICE, PEOPLE } from './office.ts'
import { REQUESTS } from './requests.ts'
import { createTaskFolder } from './task-folder.ts'

const folder = createTaskFolder()
let taskRoot = ''

beforeAll(async () => {
  taskRoot = (await buildInto(folder.path, OFFICE)).taskRoot
})

afterAll(() => folder[Symbol.dispose]())

const NODES = [
  ['this Node', async () => THIS_NODE],
  ['the Node of nodejs24.x', nodeOfImage],
] as const

const later = { ...REQUESTS.v3(PEOPLE.ann), 'schema-version': 'v4', 'device-trust': { score: 7 } }

describe.each(NODES)("the built zip under AWS's runtime interface client, on %s", (_name, node) => {
  // In the format JSON the client would wrap what goes through `console`, and CloudWatch would find no metrics in it.
  it.each(['Text', 'JSON'] as const)(
    'answers requests of every version, and logs a line for each: %s',
    async (logFormat) => {
      await using lambda = await startLambda({ node: await node(), taskRoot, logFormat })
      const people = [PEOPLE.ann, PEOPLE.mallory]
      const events = [...people.flatMap((person) => Object.values(REQUESTS).map((of) => of(person))), later]
      const allowed = []
      for (const event of events) {
        const { what, body } = await lambda.invoke(event)
        expect(what).toBe('response')
        allowed.push(validAnswer(event, body).allow)
      }
      expect(allowed).toEqual([true, true, true, false, false, false, true])
      const lines = lambda.log().map((line) => loggedLine(`${line}\n`))
      expect(lines.map(({ Decision }) => Decision)).toEqual(allowed.map((allow) => (allow ? 'allow' : 'deny')))
      expect(new Set(lines.map((line) => line.FunctionName))).toEqual(new Set([FUNCTION_NAME]))
    },
  )
})

describe('the start of a function', () => {
  it('is seen to fail where a handler throws while it is loaded', async () => {
    using planted = createTaskFolder()
    writeFileSync(join(planted.path, 'index.mjs'), 'throw new Error("no rules")')
    await using lambda = await startLambda({ node: await nodeOfImage(), taskRoot: planted.path, logFormat: 'Text' })
    expect(await lambda.invoke(REQUESTS.v3(PEOPLE.ann))).toMatchObject({ what: 'init-error' })
  })
})
