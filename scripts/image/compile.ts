import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { defineScenario } from '../../src/simulator/scenario-file.ts'
import { startSimulator } from '../../src/simulator/server.ts'

// Keeps the code that V8 compiles of the joined commands until a daemon has judged its first snapshot, and of `validate` until
// its end:
// scripts/image/compile.ts DIST [NODE]
// NODE is the one that will run DIST/start.cjs. Another V8 refuses the code, and compiles as if there were none.
const [dist = 'dist', node = process.execPath] = process.argv.slice(2)

// The same sources must give the same code, because the image's layers are reproducible. So V8 neither drops code that is
// rarely called nor marks what became hot. It accepts code only under the flags under which the code was written, so all are
// as by default then, also the growth of the heap that `run` sets.
const FLAGS = ['--predictable', '--no-flush-bytecode', '--no-sparkplug']

/** The arguments of a Node that runs a text with the script of a command. */
const withScript = (text: string, [command = '', ...options]: readonly string[]) => {
  const names = `const { fileOf, keep, load, run } = require(${JSON.stringify(resolve(dist, 'load.cjs'))})
const file = fileOf('${command}')
const script = load(file)`
  return ['--eval', `${names}\n${text}`, 'curfew', command, ...options]
}

const keepCode = `
const { setFlagsFromString } = require('node:v8')
process.on('exit', () => {
  for (const flag of ['--flush-bytecode', '--sparkplug', '--heap-growing-percent=0']) setFlagsFromString(flag)
  keep(file, script.createCachedData())
})
run(file, script)`

// V8 numbers functions in the order in which they were compiled, which depends on the disk. A process that only loads the
// code numbers them in the order of the file.
const renumber = `
if (script.cachedDataRejected !== false) throw new Error('V8 does not accept the code that it compiled')
keep(file, script.createCachedData())`

const endpoint = 'cvpn-endpoint-0123456789abcdef0'
const connections = Array.from({ length: 200 }, (_, at) => ({ username: `person-${at}@corp.example`, age: '1h' }))
const office = await startSimulator({
  scenario: defineScenario({
    endpoints: [{ id: endpoint, name: 'office', region: 'eu-central-1', authentication: 'federated', connections }],
  }),
})
const folder = mkdtempSync(join(tmpdir(), 'curfew-compile-'))
const files = {
  'curfew.yaml': `version: 1
policies: [policies.yaml]
watch: [{ region: eu-central-1, endpoints: [${endpoint}] }]
server: { port: 0 }
poll: { schedule: '* * * * *' }
log: { level: debug }
`,
  'policies.yaml': `version: 1
policies:
  - { name: daily, kind: max-session-age, maxAge: 10h }
  - { name: leavers, kind: banned-users, users: ['mallory@*'] }
`,
}
for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
const options = {
  cwd: folder,
  env: {
    AWS_ACCESS_KEY_ID: 'any',
    AWS_SECRET_ACCESS_KEY: 'any',
    AWS_ENDPOINT_URL_EC2: office.url,
    AWS_ENDPOINT_URL_STS: office.url,
  },
}
for (const name of ['curfew', 'validate']) rmSync(resolve(dist, `cli/${name}.js.code`), { force: true })

const validate = ['validate', '--config=curfew.yaml']
execFileSync(node, [...FLAGS, ...withScript(keepCode, validate)], {
  ...options,
  stdio: ['ignore', 'ignore', 'inherit'],
})

const run = ['run', '--config=curfew.yaml']
const child = spawn(node, [...FLAGS, ...withScript(keepCode, run)], {
  ...options,
  stdio: ['ignore', 'pipe', 'inherit'],
})
const closed = once(child, 'close')
// A daemon that never judges must not keep the build waiting.
const late = setTimeout(() => child.kill('SIGKILL'), 120_000)
for await (const line of createInterface({ input: child.stdout })) {
  const { event } = JSON.parse(line) as { readonly event: string }
  if (event === 'decided') child.kill('SIGTERM')
}
const [exitCode] = (await closed) as [number | null]
clearTimeout(late)
await office.close()
rmSync(folder, { recursive: true })
if (exitCode !== 0) throw new Error(`the daemon ended with exit code ${exitCode} before its code was kept`)

for (const command of [validate, run]) execFileSync(node, ['--predictable', ...withScript(renumber, command)])
