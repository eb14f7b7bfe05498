import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { MAIN } from './daemon.ts'

export interface TrailReport {
  readonly verified: boolean
  /** What `curfew audit verify` printed. */
  readonly output: string
  /** Confirmed terminations by reason. */
  readonly endedBy: Readonly<Record<string, number>>
}

/** Verifies the audit trail with `curfew audit verify`, and counts the confirmed terminations in it. */
export const readTrail = async (folder: string): Promise<TrailReport> => {
  const names = (await readdir(folder)).filter((name) => name.startsWith('audit.jsonl') && !/lock|torn/.test(name))
  const files = names.map((name) => join(folder, name))
  const verification = await promisify(execFile)(process.execPath, [MAIN, 'audit', 'verify', ...files]).then(
    ({ stdout }) => ({ verified: true, output: stdout }),
    ({ stdout, stderr }: { readonly stdout?: string; readonly stderr?: string }) => ({
      verified: false,
      output: `${stdout}${stderr}`,
    }),
  )
  const endedBy: Record<string, number> = {}
  for (const file of files)
    for (const line of (await readFile(file, 'utf8')).split('\n')) {
      if (line === '') continue
      const { event, outcome, reason = '' } = JSON.parse(line) as Readonly<Record<string, string>>
      if (event === 'outcome' && outcome === 'confirmed') endedBy[reason] = (endedBy[reason] ?? 0) + 1
    }
  return { ...verification, endedBy }
}
