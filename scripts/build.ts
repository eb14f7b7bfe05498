import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { thirdPartyLicences } from './third-party-licences.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const outdir = join(root, 'dist/cli')

/** 1.5 MB. Without `inlineSchemaKeys` it is twice that, without `leaveOutSchemas` 280 KiB more. */
const LARGEST = 1_500_000

/** `--readable` keeps names, for reading a stack trace: the same sources build the same, so its places can be found again. */
const readable = process.argv.includes('--readable')

/**
 * The EC2 client describes all 10,700 shapes of EC2 as constants whose keys are computed: `{ [_aN]: … }`. esbuild must
 * assume that such a key may do something, and keeps them all, about a megabyte. Written out as the strings that they
 * are, what Curfew does not use falls away.
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

/** What Fastify would check and write by schema, and inject requests with: no route here has a schema, and tests use sockets. */
const leaveOutSchemas: Plugin = {
  name: 'leave-out-schemas',
  setup(bundler) {
    const unused = /^(?:@fastify\/ajv-compiler|@fastify\/fast-json-stringify-compiler|light-my-request)$/
    bundler.onResolve({ filter: unused }, ({ path }) => ({ path, namespace: 'unused' }))
    bundler.onLoad({ filter: /.*/, namespace: 'unused' }, ({ path }) => ({
      contents: `module.exports = () => () => { throw new Error('${path} was left out of the bundle') }`,
    }))
  },
}

// CommonJS packages call `require` for Node's own modules, which an ES module does not have.
const REQUIRE =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);"

rmSync(join(root, 'dist'), { recursive: true, force: true })

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ['src/cli/main.ts'],
  outdir,
  bundle: true,
  // A command loads only its own part: `validate` starts twice as fast as it would beside the EC2 client.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  mainFields: ['module', 'main'],
  minifyWhitespace: true,
  minifySyntax: true,
  minifyIdentifiers: !readable,
  chunkNames: 'chunks/[name]-[hash]',
  banner: { js: REQUIRE },
  plugins: [inlineSchemaKeys, leaveOutSchemas],
  metafile: true,
  logLevel: 'warning',
})

const main = join(outdir, 'main.js')
const code = readFileSync(main, 'utf8')
if (!code.startsWith('#!')) writeFileSync(main, `#!/usr/bin/env node\n${code}`)
chmodSync(main, 0o755)

writeFileSync(join(root, 'dist/THIRD-PARTY-LICENSES.txt'), thirdPartyLicences(root, metafile))

const kib = (bytes: number) => `${String(Math.ceil(bytes / 1024)).padStart(6)} KiB`

const files = Object.entries(metafile.outputs).toSorted(([, a], [, b]) => b.bytes - a.bytes)
const total = files.reduce((sum, [, { bytes }]) => sum + bytes, 0)
for (const [file, { bytes }] of files) console.log(`${kib(bytes)}  ${file}`)
console.log(`${kib(total)}  in all`)

if (total > LARGEST && !readable) {
  console.error(
    `The bundle has grown past ${kib(LARGEST).trim()}: has the layout of the EC2 client or of Fastify changed?`,
  )
  process.exitCode = 1
}
