import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, lstatSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { folderOf } from './scratch.ts'

interface Entry {
  readonly kind: 'file' | 'folder' | 'link' | 'other'
  readonly owner: string
  readonly mode: number
  readonly bytes: number
  /** The time of the last change. The build writes zero, so that the same sources give the same layers. */
  readonly modifiedAt: number
  /** The SHA-256 of a file, or the target of a link. */
  readonly content: string
}

export type Tree = ReadonlyMap<string, Entry>

/** Reads everything below a folder, by relative path. Links are not followed, because they point into the image. */
export const readTree = (root: string): Tree => {
  const tree = new Map<string, Entry>()
  const walk = (folder: string) => {
    for (const name of readdirSync(join(root, folder)).sort()) {
      const path = join(folder, name)
      const entry = readEntry(join(root, path))
      tree.set(path, entry)
      if (entry.kind === 'folder') walk(path)
    }
  }
  walk('')
  return tree
}

const readEntry = (path: string): Entry => {
  const found = lstatSync(path)
  const owner = `${found.uid}:${found.gid}`
  const common = { owner, mode: found.mode & 0o7777, bytes: 0, modifiedAt: found.mtimeMs, content: '' }
  if (found.isDirectory()) return { kind: 'folder', ...common }
  if (found.isSymbolicLink()) return { kind: 'link', ...common, content: readlinkSync(path) }
  if (!found.isFile()) return { kind: 'other', ...common }
  return fileOf(readFileSync(path), common.owner, common.mode, common.modifiedAt)
}

const fileOf = (bytes: Buffer, owner: string, mode: number, modifiedAt: number): Entry => ({
  kind: 'file',
  owner,
  mode,
  bytes: bytes.length,
  modifiedAt,
  content: createHash('sha256').update(bytes).digest('hex'),
})

export const bytesOf = (tree: Tree): number => [...tree.values()].reduce((sum, { bytes }) => sum + bytes, 0)

/** The same file without its bytes. */
export const unread = (entry: Entry | undefined) => entry && { ...entry, bytes: 0, content: '' }

const ROOT = '0:0'
const FOLDER: Entry = { kind: 'folder', owner: ROOT, mode: 0o755, bytes: 0, modifiedAt: 0, content: '' }

/** The expected files of the image above its base: the bundle as this machine builds it, and a few more. */
export const expectedTree = (): Tree => {
  const dist = folderOf('dist', {})
  const options = ['--without-simulator', '--joined', '--into', dist]
  execFileSync(process.execPath, ['--import', 'tsx', 'scripts/build.ts', ...options])
  for (const name of ['healthcheck.js', 'load.cjs', 'start.cjs']) cpSync(join('scripts/image', name), join(dist, name))
  writeFileSync(join(dist, 'package.json'), '{ "type": "module" }\n')
  for (const name of ['curfew', 'validate']) writeFileSync(join(dist, `cli/${name}.js.code`), '')
  const file = (bytes: Buffer) => fileOf(bytes, ROOT, 0o644, 0)
  const bundle = [...readTree(dist)].map(
    ([path, { kind }]) => [path, kind === 'folder' ? FOLDER : file(readFileSync(join(dist, path)))] as const,
  )
  const app = [
    ...bundle,
    ['LICENSE', file(readFileSync('LICENSE'))],
    ['config', { kind: 'link', owner: ROOT, mode: 0o777, bytes: 0, modifiedAt: 0, content: '/etc/curfew' }],
  ] as const
  return new Map([
    ['opt', FOLDER],
    ['opt/curfew', FOLDER],
    ...app.map(([path, entry]) => [join('opt/curfew', path), entry] as const),
    ['var/lib/curfew', { ...FOLDER, owner: '65532:65532' }],
  ])
}
