import { chmodSync, cpSync, mkdirSync, mkdtempSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** The folder for all files that the tests of the image write. The importing test removes it. */
export const scratch = mkdtempSync(join(tmpdir(), 'curfew-image-test-'))
chmodSync(scratch, 0o755)

/** A folder that the user of a container can read. */
export const folderOf = (name: string, files: Readonly<Record<string, string>>): string => {
  const folder = join(scratch, name)
  for (const [file, text] of Object.entries(files)) {
    const path = join(folder, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    chmodSync(path, 0o644)
    for (let up = dirname(path); up !== scratch; up = dirname(up)) chmodSync(up, 0o755)
  }
  return folder
}

/** Copies the sources to another folder, with other times and permissions. */
export const sourcesElsewhere = (): string => {
  const elsewhere = join(scratch, 'sources')
  for (const path of ['.dockerignore', '.npmrc', 'Dockerfile', 'LICENSE', 'package.json', 'package-lock.json']) {
    cpSync(path, join(elsewhere, path))
  }
  for (const path of ['tsconfig.json', 'src', 'scripts']) cpSync(path, join(elsewhere, path), { recursive: true })
  for (const path of ['LICENSE', 'scripts/image/healthcheck.js', 'scripts/image/start.cjs']) {
    chmodSync(join(elsewhere, path), 0o600)
    utimesSync(join(elsewhere, path), 1e9, 1e9)
  }
  return elsewhere
}
