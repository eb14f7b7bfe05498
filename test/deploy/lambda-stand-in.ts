import { chmod, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { workspace } from '../cli/curfew.ts'

/** What a published version of the function answers to the request, and the line that it logs. */
export interface Answer {
  readonly text: string
  readonly line: string
}

interface State {
  readonly latest: string
  /** The code of each published version, from version 1 on. */
  readonly versions: readonly string[]
  readonly live: number
  readonly revision: number
}

/** A zip without files, whose comment stands for the code. */
export const zipOf = (code: string) => `PK\u0005\u0006${'\0'.repeat(16)}${String.fromCharCode(code.length)}\0${code}`

export const LIVE_AT_ONE: State = { latest: 'first', versions: ['first'], live: 1, revision: 1 }

/**
 * A command `aws` that answers as Lambda does for one function with an alias: what is published is the newest code, the
 * same code is the same version, and an alias moves only from the revision that the caller names. `ENDPOINTS` has the
 * answer of EC2, `ANSWERS` those of the function by request.
 */
const COMMAND = `#!/usr/bin/env node
const { spawnSync } = require('node:child_process')
const { appendFileSync, readFileSync, writeFileSync } = require('node:fs')
const FIND = 'import jmespath, json, sys; print("\\t".join(jmespath.search(sys.argv[1], json.load(sys.stdin))))'
const args = process.argv.slice(2)
appendFileSync('calls.jsonl', JSON.stringify(args) + '\\n')
const state = JSON.parse(readFileSync('lambda.json', 'utf8'))
const option = (name) => args[args.indexOf(name) + 1]
const refuse = (text) => { console.error(text); process.exit(254) }
const differs = (name, value) => args.includes(name) && option(name) !== String(value)
const file = (name) => readFileSync(option(name).replace('fileb://', ''), 'utf8')
const find = (query, value) =>
  spawnSync('/usr/bin/python3', ['-c', FIND, query], { encoding: 'utf8', input: JSON.stringify(value) }).stdout.trim()
const answers = {
  'describe-client-vpn-endpoints': () => find(option('--query'), JSON.parse(process.env.ENDPOINTS)),
  'get-alias': () => state.live + '\\t' + state.revision,
  'update-function-code': () => (state.latest = file('--zip-file').slice(22)),
  wait: () => '',
  'publish-version': () => {
    if (differs('--code-sha256', state.latest)) refuse('CodeSha256 differs')
    if (state.versions.at(-1) !== state.latest) state.versions.push(state.latest)
    return state.versions.length
  },
  invoke: () => {
    if (process.env.UNREACHABLE) refuse('Could not connect to the endpoint URL')
    const { text, line } = JSON.parse(process.env.ANSWERS)[JSON.stringify(JSON.parse(file('--payload')))]
    writeFileSync(args.at(-1), text)
    if (process.env.MOVED_MEANWHILE) state.revision += 1
    return Buffer.from('START RequestId: 1\\n' + line + '\\nEND RequestId: 1\\n').toString('base64')
  },
  'update-alias': () => {
    if (differs('--revision-id', state.revision)) refuse('PreconditionFailedException')
    state.live = Number(option('--function-version'))
    state.revision += 1
    return state.live
  },
}
console.log(answers[args[1]]())
writeFileSync('lambda.json', JSON.stringify(state))
`

/** Puts the stand-in into a workspace, whose `bin` then comes first in \`PATH\`. */
export const lambdaStandIn = async (here: Awaited<ReturnType<typeof workspace>>, start: State = LIVE_AT_ONE) => {
  await here.write('lambda.json', JSON.stringify(start))
  await here.write('bin/aws', COMMAND)
  await chmod(join(here.folder, 'bin/aws'), 0o755)
  return {
    path: `${join(here.folder, 'bin')}:${process.env.PATH}`,
    state: async () => JSON.parse(await readFile(join(here.folder, 'lambda.json'), 'utf8')) as State,
    calls: async () =>
      (await readFile(join(here.folder, 'calls.jsonl'), 'utf8'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as readonly string[]),
  }
}
