import { hanging } from '../../domain/hanging.ts'
import type { Paint } from '../../domain/paint.ts'
import { outputWidth, paragraph } from '../lines.ts'
import { plural } from '../number-text.ts'
import { painted } from '../paint.ts'
import { type Checked, titleOf } from './examination.ts'
import type { Finding } from './finding.ts'

const WORDS: Readonly<Record<Finding['state'], string>> = {
  ok: 'ok',
  warning: 'warning',
  failed: 'failed',
  'not-checked': 'not checked',
}

const PAINTS: Readonly<Record<Finding['state'], Paint | undefined>> = {
  ok: 'green',
  warning: 'magenta',
  failed: 'red',
  'not-checked': undefined,
}

/** The column in which the text of a check begins. */
const INDENT = 13

const countOf = (checks: readonly Checked[], state: Finding['state']) =>
  checks.filter(({ finding }) => finding.state === state).length

/** The first check that has failed, in the order of dependency; else the first with a warning. */
const causeOf = (checks: readonly Checked[]): Checked | undefined =>
  checks.find(({ finding }) => finding.state === 'failed') ?? checks.find(({ finding }) => finding.state === 'warning')

/** The cause in one sentence, and how it is painted. */
const causeText = (checks: readonly Checked[]): { readonly text: string; readonly paint: Paint | undefined } => {
  const cause = causeOf(checks)
  const [failures, warnings] = [countOf(checks, 'failed'), countOf(checks, 'warning')]
  const { finding } = cause ?? {}
  if (cause === undefined || (finding?.state !== 'failed' && finding?.state !== 'warning')) {
    const open = countOf(checks, 'not-checked')
    const text = `All is well: ${plural(countOf(checks, 'ok'), 'check')}${open === 0 ? '' : `, and ${open} not made`}.`
    return { text, paint: PAINTS.ok }
  }
  const others = [
    ...(finding.state === 'failed' && failures > 1 ? [`${failures - 1} more failed`] : []),
    ...(finding.state === 'failed' && warnings > 0 ? [plural(warnings, 'warning')] : []),
    ...(finding.state === 'warning' && warnings > 1 ? [plural(warnings - 1, 'more warning')] : []),
  ]
  const more = others.length === 0 ? '' : ` (${others.join(', ')})`
  const head = finding.state === 'failed' ? 'Failed' : 'Nothing failed, but'
  return { text: `${head}: ${titleOf(cause)}: ${finding.found}${more}`, paint: PAINTS[finding.state] }
}

const linesOf = ({ finding, ...check }: Checked): string => {
  const title = titleOf(check)
  const indent = ' '.repeat(INDENT)
  const text = (words: string) => paragraph(words, indent)
  const { [finding.state]: word } = WORDS
  const shown = (words: string) =>
    painted(PAINTS[finding.state], word) + hanging(word.padEnd(INDENT), words, outputWidth()).slice(word.length)
  switch (finding.state) {
    case 'ok':
      return shown(`${title}: ${finding.found}`)
    case 'not-checked':
      return shown(`${title}: ${finding.because}`)
    case 'warning':
    case 'failed':
      return [
        shown(`${title}: ${finding.found}`),
        text(`Expected: ${finding.expected}`),
        text(`To do: ${finding.advice}`),
      ].join('\n')
  }
}

/** The findings for a person. The first line names the cause. */
export const reportText = (checks: readonly Checked[]): string => {
  const { text, paint } = causeText(checks)
  return [painted(paint, paragraph(text)), '', ...checks.map(linesOf)].join('\n')
}

const rowJson = ({ name, subject, finding }: Checked) => ({
  check: name,
  subject: subject ?? null,
  state: finding.state,
  found: 'found' in finding ? finding.found : null,
  expected: 'expected' in finding ? finding.expected : null,
  advice: 'advice' in finding ? finding.advice : null,
  because: 'because' in finding ? finding.because : null,
})

/** The findings for programs. `cause` is null where all is well. */
export const reportJson = (checks: readonly Checked[]) => {
  const cause = causeOf(checks)
  return {
    cause: cause === undefined ? null : rowJson(cause),
    failed: countOf(checks, 'failed'),
    warnings: countOf(checks, 'warning'),
    checks: checks.map(rowJson),
  }
}
