import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build, type Plugin } from 'esbuild'
import { buildConnectHandler } from './build-connect-handler.ts'
import { joinFiles } from './join-files.ts'
import { thirdPartyLicences } from './third-party-licences.ts'

const { values } = parseArgs({
  options: {
    /** Keeps names, to make a stack trace readable: the same sources give the same bundle with the same places. */
    readable: { type: 'boolean', default: false },
    /** For the image: nobody needs a stand-in for AWS beside real credentials. */
    'without-simulator': { type: 'boolean', default: false },
    /** For the image: all commands in one script, and `validate` in one of its own. scripts/image/compile.ts keeps their code. */
    joined: { type: 'boolean', default: false },
    into: { type: 'string', default: 'dist' },
    /** Writes esbuild's list of what is in each file, from which the bill of materials is made. */
    metafile: { type: 'string' },
  },
})
const { readable, joined } = values

const root = fileURLToPath(new URL('../', import.meta.url))
const dist = resolve(root, values.into)
const outdir = join(dist, 'cli')

/**
 * Bytes: 3.8 MB, of which 0.3 MB are for mail and Slack, 0.7 MB draw the report of a backtest, 0.3 MB speak to PostgreSQL, and
 * 0.1 MB are the code of the connect handler. All of these are loaded on request.
 * The bundle is 2 MB larger without `inlineSchemaKeys`, and 280 KiB larger without `leaveOutSchemas`.
 */
const LARGEST = 3_800_000

/**
 * The EC2 client describes all 10,700 shapes of EC2 as constants with computed keys: `{ [_aN]: … }`. esbuild must assume
 * that a computed key has side effects, and keeps them all, about a megabyte. With the strings in place of the computed
 * keys, it removes the shapes that Curfew does not use.
 */
const inlineSchemaKeys: Plugin = {
  name: 'inline-schema-keys',
  setup(bundler) {
    bundler.onLoad({ filter: /[\\/]dist-es[\\/](?:.+[\\/])?schemas[\\/]schemas_\d+\.js$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8')
      const strings = new Map<string, string>()
      for (const [, name, text] of source.matchAll(/^const (_\w+) = ("(?:[^"\\]|\\.)*");$/gm)) {
        if (name !== undefined && text !== undefined) strings.set(name, text)
      }
      const contents = source.replace(/\[(_\w+)\]:/g, (key, name: string) => {
        const text = strings.get(name)
        return text === undefined ? key : `${text}:`
      })
      return { contents, loader: 'js' }
    })
  },
}

/**
 * Removes the packages with which Fastify checks and writes by schema, and injects requests. No route has a schema, and the
 * tests use sockets.
 */
const leaveOutSchemas: Plugin = {
  name: 'leave-out-schemas',
  setup(bundler) {
    const unused = /^(?:@fastify\/ajv-compiler|@fastify\/fast-json-stringify-compiler|light-my-request)$/
    bundler.onResolve({ filter: unused }, ({ path }) => ({ path, namespace: 'unused' }))
    bundler.onLoad({ filter: /.*/, namespace: 'unused' }, ({ path }) => ({
      contents: `module.exports = () => () => { throw new Error('${path} is not in the bundle') }`,
    }))
  },
}

/** Replaces the command `simulate` by one that says where it is. */
const leaveOutSimulator: Plugin = {
  name: 'leave-out-simulator',
  setup(bundler) {
    bundler.onLoad({ filter: /[\\/]src[\\/]cli[\\/]simulate\.ts$/ }, ({ path }) => ({
      contents: `import { OperatorError } from './command.ts'
        const where = 'the simulator is not in the image: run "npm run curfew -- simulate" in the sources'
        export const simulate = { about: where, options: {}, exitCodes: '1.', run: async () => { throw new OperatorError(where) } }`,
      loader: 'ts',
      resolveDir: dirname(path),
    }))
  },
}

// CommonJS packages call `require` for Node's own modules, which an ES module does not have.
const REQUIRE =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);"

rmSync(dist, { recursive: true, force: true })

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ['src/cli/main.ts'],
  outdir,
  bundle: true,
  // A command loads only its own part. Without the EC2 client, `validate` starts twice as fast.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  mainFields: ['module', 'main'],
  minifyWhitespace: true,
  minifySyntax: true,
  minifyIdentifiers: !readable,
  chunkNames: 'chunks/[name]-[hash]',
  // Files that are joined are modules in any folder, also without a package.json.
  outExtension: joined ? { '.js': '.mjs' } : {},
  banner: joined ? {} : { js: REQUIRE },
  plugins: [inlineSchemaKeys, leaveOutSchemas, ...(values['without-simulator'] ? [leaveOutSimulator] : [])],
  metafile: true,
  logLevel: 'warning',
})

const main = join(outdir, joined ? 'main.mjs' : 'main.js')
if (joined) {
  await joinFiles(main, join(outdir, 'curfew.js'), { readable })
  await joinFiles(main, join(outdir, 'validate.js'), { readable, command: 'validate' })
  for (const file of [main, join(outdir, 'chunks')]) rmSync(file, { recursive: true })
} else {
  const code = readFileSync(main, 'utf8')
  if (!code.startsWith('#!')) writeFileSync(main, `#!/usr/bin/env node\n${code}`)
  chmodSync(main, 0o755)
}

const handler = await buildConnectHandler(root, join(dist, 'connect-handler.js'), readable)
const outputs = { ...metafile.outputs, ...handler.outputs }

writeFileSync(join(dist, 'THIRD-PARTY-LICENSES.txt'), thirdPartyLicences(root, { outputs }))
if (values.metafile !== undefined) writeFileSync(values.metafile, JSON.stringify({ outputs }))

const kib = (bytes: number) => `${String(Math.ceil(bytes / 1024)).padStart(6)} KiB`

const files = Object.entries(outputs).toSorted(([, a], [, b]) => b.bytes - a.bytes)
const total = files.reduce((sum, [, { bytes }]) => sum + bytes, 0)
for (const [file, { bytes }] of files) console.log(`${kib(bytes)}  ${file}`)
console.log(`${kib(total)}  in total`)

if (total > LARGEST && !readable) {
  console.error(
    `The bundle has ${kib(total).trim()}, expected at most ${kib(LARGEST).trim()}: check whether the layout of the EC2 client or of Fastify has changed`,
  )
  process.exitCode = 1
}
