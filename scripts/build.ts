import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { thirdPartyLicences } from './third-party-licences.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const outdir = join(root, 'dist/cli')

/** Measured: 2,170 KiB in all, and 2,940 KiB when `inlineSchemaKeys` finds nothing to do. */
const LARGEST = 2600 * 1024

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
  // Names are kept, so that a stack trace can be read.
  minifyWhitespace: true,
  minifySyntax: true,
  chunkNames: 'chunks/[name]-[hash]',
  banner: { js: REQUIRE },
  plugins: [inlineSchemaKeys],
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

if (total > LARGEST) {
  console.error(`The bundle has grown past ${kib(LARGEST).trim()}: has the layout of the EC2 client's schemas changed?`)
  process.exitCode = 1
}
