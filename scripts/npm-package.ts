import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packagePages } from './packaged-pages.ts'

// Packs what "npm run build" has written as the package that npm publishes: scripts/npm-package.ts [FOLDER]
// The tarball is written into the folder (default: release), and its path printed. `files` in package.json says what is in
// it. Its own package.json names no dependencies: the bundle contains them, so nobody has to install them.

/** The keys that a published package needs. The others are about building it. */
const PUBLISHED = ['name', 'version', 'description', 'license', 'repository', 'type', 'engines', 'bin'] as const

const root = fileURLToPath(new URL('../', import.meta.url))
const out = resolve(process.argv[2] ?? join(root, 'release'))

const pack = (folder: string, ...options: readonly string[]) => {
  const args = ['pack', '--json', '--ignore-scripts', ...options]
  const said = execFileSync('npm', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  const [packed] = JSON.parse(said) as [
    { readonly filename: string; readonly files: ReadonlyArray<{ readonly path: string }> },
  ]
  return packed
}

const { files } = pack(root, '--dry-run')
if (!files.some(({ path }) => path === 'dist/cli/main.js')) {
  console.error('dist/cli/main.js is not there: run "npm run build" first')
  process.exit(1)
}
const folder = mkdtempSync(join(tmpdir(), 'curfew-npm-'))
try {
  for (const { path } of files) {
    mkdirSync(join(folder, dirname(path)), { recursive: true })
    cpSync(join(root, path), join(folder, path))
  }
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, unknown>
  const published = Object.fromEntries(PUBLISHED.map((key) => [key, manifest[key]]))
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(published, null, 2)}\n`)
  packagePages(folder, 'npm')
  mkdirSync(out, { recursive: true })
  console.log(join(out, pack(folder, '--pack-destination', out).filename))
} finally {
  rmSync(folder, { recursive: true })
}
