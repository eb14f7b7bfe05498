import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { defineScenario } from '../../src/simulator/scenario-file.ts'
import { startSimulator } from '../../src/simulator/server.ts'

// Keeps the code that V8 compiles of the joined commands until a daemon has judged its first snapshot:
// scripts/image/compile.ts DIST [NODE]
// NODE is the one that will run DIST/start.js. Another V8 refuses the code, and compiles as if there were none.
const [dist = 'dist', node = process.execPath] = process.argv.slice(2)
const code = resolve(dist, 'cli/curfew.js.code')

// The same sources must give the same code, because the image's layers are reproducible. So V8 neither drops code that is
// rarely called nor marks what became hot. It accepts code only under the flags under which the code was written, so all are
// as by default then, also the growth of the heap that `run` sets.
const FLAGS = ['--predictable', '--no-flush-bytecode', '--no-sparkplug']
const imports = `
import { createRequire } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import { keep, load, url } from ${JSON.stringify(pathToFileURL(resolve(dist, 'load.js')).href)}`
const module = (text: string) => ['--input-type=module', '--eval', `${imports}${text}`, 'curfew']

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
rmSync(code, { force: true })

const keepCode = `
const script = load()
process.on('exit', () => {
  for (const flag of ['--flush-bytecode', '--sparkplug', '--heap-growing-percent=0']) setFlagsFromString(flag)
  keep(script.createCachedData())
})
script.runInThisContext()(createRequire(url), url.href)`
const child = spawn(node, [...FLAGS, ...module(keepCode), 'run', '--config=curfew.yaml'], {
  cwd: folder,
  env: {
    AWS_ACCESS_KEY_ID: 'any',
    AWS_SECRET_ACCESS_KEY: 'any',
    AWS_ENDPOINT_URL_EC2: office.url,
    AWS_ENDPOINT_URL_STS: office.url,
  },
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

// V8 numbers functions in the order in which they were compiled, which depends on the disk. A process that only loads the
// code numbers them in the order of the file.
const renumber = `
const script = load()
if (script.cachedDataRejected !== false) throw new Error('V8 does not accept the code that it compiled')
keep(script.createCachedData())`
execFileSync(node, ['--predictable', ...module(renumber)])
