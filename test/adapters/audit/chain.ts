import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuditRecord, IntentRecord } from '../../../src/app/audit.ts'

/** A temporary folder, which is removed at the end of the block. */
export const folder = () => {
  const path = mkdtempSync(join(tmpdir(), 'curfew-audit-'))
  return {
    path,
    file: join(path, 'audit.jsonl'),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  }
}

export const AT = Date.UTC(2026, 11, 1, 8)

/** A record with few fields, so that its line is short. The trail reads none but the time. */
export const record = (connectionId: string, more: Partial<IntentRecord> = {}): AuditRecord =>
  ({ time: AT, event: 'intent', connectionId, ...more }) as IntentRecord

interface ReadLine {
  readonly seq: number
  readonly connectionId: string
  readonly prev: string
}

/** Reads and checks the audit file and its rotated files without the code of the trail. Throws if the chain is broken. */
export const readChain = (file: string): readonly ReadLine[] => {
  const dir = join(file, '..')
  const names = readdirSync(dir).filter((name) => /^audit\.jsonl(\.\d+-\d+)?$/.test(name))
  const lines = names.flatMap((name) => {
    const text = readFileSync(join(dir, name), 'utf8')
    if (text !== '' && !text.endsWith('\n')) throw new Error(`${name} does not end with a newline`)
    return text.split('\n').slice(0, -1)
  })
  const read = lines
    .map((text) => ({ text, line: JSON.parse(text) as ReadLine }))
    .sort((a, b) => a.line.seq - b.line.seq)
  let before = '0'.repeat(64)
  for (const [index, { text, line }] of read.entries()) {
    if (line.seq !== index + 1) throw new Error(`line ${index + 1} has the number ${line.seq}`)
    if (line.prev !== before) throw new Error(`line ${line.seq} does not follow the one before`)
    before = createHash('sha256').update(text, 'utf8').digest('hex')
  }
  return read.map(({ line }) => line)
}

export const idsOf = (lines: readonly ReadLine[]): readonly string[] => lines.map(({ connectionId }) => connectionId)
