import { posix } from 'node:path'
import type { ConfigFiles, Found } from '../../src/config/config-files.ts'

/** An entry of a disk in memory: content, a link, an unreadable file or a device. */
export type Entry =
  | string
  | Uint8Array
  | { readonly link: string }
  | { readonly why: string }
  | { readonly device: string }

/** A disk in memory. A folder exists if an entry lies in it. Relative paths are resolved against `cwd`. */
export const memoryFiles = (tree: Readonly<Record<string, Entry>>, cwd = '/etc/curfew'): ConfigFiles => {
  const entries = new Map(Object.entries(tree).map(([path, entry]) => [posix.resolve(cwd, path), entry]))

  const isFolder = (path: string) => [...entries.keys()].some((key) => key.startsWith(path === '/' ? '/' : `${path}/`))

  const real = (path: string, hops = 0): string => {
    const absolute = posix.resolve(cwd, path)
    if (absolute === '/' || hops > 20) return absolute
    const here = posix.join(real(posix.dirname(absolute), hops), posix.basename(absolute))
    const entry = entries.get(here)
    return typeof entry === 'object' && 'link' in entry
      ? real(posix.resolve(posix.dirname(here), entry.link), hops + 1)
      : here
  }

  return {
    look(path): Found {
      const realPath = real(path)
      const entry = entries.get(realPath)
      if (entry === undefined) return isFolder(realPath) ? { kind: 'folder', realPath } : { kind: 'missing' }
      if (typeof entry === 'object' && 'device' in entry) return { kind: 'other', realPath }
      if (typeof entry === 'object' && 'why' in entry) return { kind: 'unreadable', why: entry.why }
      return { kind: 'file', realPath }
    },
    read(path) {
      const entry = entries.get(real(path))
      if (typeof entry === 'string') return { bytes: new TextEncoder().encode(entry) }
      return entry instanceof Uint8Array ? { bytes: entry } : { why: 'it is not a file' }
    },
    list(folder) {
      const prefix = `${real(folder)}/`
      const names = [...entries.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length))
      return { names: [...new Set(names.map((name) => name.split('/')[0] ?? ''))] }
    },
  }
}
