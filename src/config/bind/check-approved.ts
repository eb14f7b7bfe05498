import type { ConfigFiles } from '../config-files.ts'
import { admit, resolvePath } from '../config-paths.ts'
import { type CurfewKeys, hashProblem } from '../schema/curfew-schema.ts'
import { limited, type Problem } from '../yaml/problem.ts'
import { sourceText } from '../yaml/source-text.ts'
import type { YamlFile } from '../yaml/yaml-file.ts'

interface ApprovalCheck {
  readonly files: ConfigFiles
  /** The daemon's file. */
  readonly file: YamlFile
  readonly approved: NonNullable<CurfewKeys['approved']>
  /** The hash of the policy set that is to be in force. */
  readonly policySetHash: string
  /** The folders in one of which a file of hashes must lie, links followed. */
  readonly roots: readonly string[]
  readonly severity: Problem['severity']
  readonly report: (problem: Problem) => void
  readonly visit: (path: string) => void
}

/** Reports a policy set whose hash `approved` does not have. */
export const checkApproved = (check: ApprovalCheck): void => {
  const { file, approved, policySetHash, severity } = check
  if ((approved.hashes === undefined) === (approved.file === undefined)) {
    const message = 'expected exactly one of two lists: write { hashes: [HASH] } or { file: PATH }'
    return file.problem(['approved'], message, { severity })
  }
  const hashes = approved.hashes ?? readHashes(check, approved.file ?? '')
  if (hashes === undefined || hashes.includes(policySetHash)) return
  file.problem(
    ['approved'],
    `the policy set ${policySetHash} is not approved: let a second person check the policies and add this hash, which "curfew validate --hash" prints, or undo the edit`,
    { at: 'key', severity },
  )
}

/** The hashes of a file: one on each line, with a comment after it or on a line of its own. */
const readHashes = (
  { files, file, roots, severity, report, visit }: ApprovalCheck,
  written: string,
): readonly string[] | undefined => {
  const refuse = (message: string): undefined => {
    file.problem(['approved', 'file'], message, { severity })
  }
  const path = resolvePath(file.path, written)
  visit(path)
  const found = admit(files, path, roots)
  if (found.kind === 'refused') return refuse(found.why)
  if (found.kind !== 'file') return refuse(`${path} is not a file: name a text file with one hash per line`)
  const read = files.read(path)
  if ('why' in read) return refuse(`${path} cannot be read: ${read.why}`)
  const source = sourceText(read.bytes)
  const reportLine = limited(report)
  const problem = (message: string, line: number, column = 1): undefined => {
    reportLine({ severity, file: path, line, column, message })
  }
  if ('problem' in source) return problem(source.problem, source.line, source.column)

  const hashes: string[] = []
  let isWrong = false
  for (const [index, text] of source.text.split(/\r?\n/).entries()) {
    const hash = text.replace(/#.*$/, '').trim()
    if (hash === '') continue
    hashes.push(hash)
    const wrong = hashProblem(hash)
    if (wrong === undefined) continue
    problem(wrong, index + 1)
    isWrong = true
  }
  if (isWrong) return undefined
  if (hashes.length === 0) return problem('no policy set is approved: write the output of "curfew validate --hash"', 1)
  return hashes
}
