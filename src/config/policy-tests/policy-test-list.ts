import { dirname, join } from 'node:path'
import type { ConfigFiles } from '../config-files.ts'
import { admit, resolvePath } from '../config-paths.ts'
import type { Problem } from '../yaml/problem.ts'
import { readYaml } from '../yaml/yaml-file.ts'

type Report = (problem: Problem) => void

/**
 * The policy test files at the named paths, in order; those of a folder by name. A file that is named twice is listed
 * once.
 */
export const listPolicyTests = (files: ConfigFiles, paths: readonly string[], report: Report): readonly string[] => {
  const listed = new Map<string, string>()
  for (const path of paths) {
    const reportError = (message: string) => report({ severity: 'error', file: path, line: 1, column: 1, message })
    const found = admit(files, path, undefined)
    if (found.kind === 'refused') {
      reportError(found.why)
    } else if (found.kind === 'file') {
      if (!listed.has(found.realPath)) listed.set(found.realPath, path)
    } else {
      const list = files.list(path)
      if ('why' in list) reportError(`the folder cannot be read: ${list.why}`)
      for (const name of 'names' in list ? list.names.filter(isPolicyTestName).sort() : []) {
        const inside = join(path, name)
        const look = files.look(inside)
        if (look.kind === 'file' && !listed.has(look.realPath)) listed.set(look.realPath, inside)
      }
    }
  }
  return [...listed.values()]
}

const isPolicyTestName = (name: string): boolean => /\.test\.ya?ml$/.test(name) && !name.startsWith('.')

/**
 * The folders of policy tests if the command names none: those of the policies in the daemon's file, else the folder of
 * that file. A file that a variable names must exist.
 */
export const usualTestFolders = (
  files: ConfigFiles,
  curfewFile: string,
  report: Report,
  namedBy?: string,
): readonly string[] => {
  const fail = (message: string) => {
    report({ severity: 'error', file: curfewFile, line: 1, column: 1, message })
    return []
  }
  const read = files.look(curfewFile).kind === 'missing' ? undefined : files.read(curfewFile)
  if (read === undefined) {
    return namedBy === undefined
      ? [dirname(curfewFile)]
      : fail(`the file does not exist, and the variable ${namedBy} names it: correct the variable, or name the tests`)
  }
  if ('why' in read) return fail(`the file cannot be read: ${read.why}`)
  const { value } = readYaml(curfewFile, read.bytes, report)
  const named = typeof value === 'object' && value !== null && 'policies' in value ? value.policies : undefined
  const paths = Array.isArray(named) ? named.filter((path) => typeof path === 'string') : []
  const folders = paths.map((path) => {
    const resolved = resolvePath(curfewFile, path)
    return files.look(resolved).kind === 'file' ? dirname(resolved) : resolved
  })
  return folders.length > 0 ? [...new Set(folders)] : [dirname(curfewFile)]
}
