import type { NamedCase } from '../config/policy-tests/policy-test-case.ts'
import { hasErrors, type Problem, sortProblems } from '../config/yaml/problem.ts'
import { createPolicyTester, type Expectation, type Failure } from '../domain/judge/policy-test.ts'
import { isDue } from '../domain/judge/verdict.ts'
import { printable } from '../domain/printable.ts'
import { type Instant, NEVER, toIso, toText } from '../domain/time/instant.ts'
import { type Command, DEFAULT_CONFIG, EXIT, OperatorError, oneOf, outputOption, say } from './command.ts'
import { findPolicyTests, readPolicyTest } from './compose-files.ts'
import { verdictsJson } from './explained.ts'
import { isoOrNull } from './iso-or-null.ts'
import { paragraph } from './lines.ts'
import { painted } from './paint.ts'
import { complainOf, problemJson } from './problems.ts'

const OUTPUTS = ['text', 'json'] as const

export const test: Command = {
  about: `Runs policy tests: the given files, and the files *.test.yaml of the given folders, one level deep. Without
PATH it runs the tests beside the policies that ${DEFAULT_CONFIG} names, or else those in its folder. In a test all
policies act, whatever their mode.

For each failed case it prints what was expected, what was decided, and why. The last line is "N passed, N failed". A
file with errors counts as one failure.`,
  operands: { name: 'PATH', areMany: true },
  options: outputOption(OUTPUTS),
  exitCodes: '0 if all cases passed; 1 if a case failed, a file has errors, or no test was found.',
  async run({ values, positionals }) {
    const output = oneOf('output', values.output, OUTPUTS)
    const problems: Problem[] = []
    const paths = findPolicyTests(positionals, DEFAULT_CONFIG, (problem) => problems.push(problem))
    if (paths.length === 0 && problems.length === 0) {
      const where = positionals.length > 0 ? ` in ${positionals.join(', ')}` : ''
      throw new OperatorError(`no policy test was found${where}: write one into a file such as contractors.test.yaml`)
    }
    const cases: object[] = []
    let passed = 0
    let failed = problems.length
    for (const path of paths) {
      const loaded = readPolicyTest(path)
      problems.push(...loaded.problems)
      if (loaded.test === undefined) {
        failed++
        continue
      }
      const run = createPolicyTester(loaded.test.policies)
      for (const one of loaded.test.cases) {
        const failures = run(one)
        if (failures.length === 0) passed++
        else failed++
        cases.push(caseJson(one, failures))
        if (failures.length > 0 && output === 'text') say(`${blockOf(one, failures)}\n`)
      }
    }
    const sorted = sortProblems(problems)
    if (output === 'json') {
      say(JSON.stringify({ cases, passed, failed, problems: sorted.map(problemJson) }, null, 2))
    } else {
      complainOf(sorted)
      say(painted(failed > 0 ? 'red' : 'green', `${passed} passed, ${failed} failed`))
    }
    return failed > 0 || hasErrors(problems) ? EXIT.failed : EXIT.ok
  },
}

const caseJson = ({ name, place, at }: NamedCase, failures: readonly Failure[]) => ({
  name,
  place,
  at: isoOrNull(at),
  failures: failures.map(({ tested: { connection, expected }, got, explanation }) => ({
    connectionId: connection.id,
    expected: outcomeJson(expected),
    got: outcomeJson(got),
    verdicts: verdictsJson(explanation),
  })),
})

const outcomeJson = ({ expect, by, nextAt }: Expectation) => ({ expect, by: by ?? null, nextAt: isoOrNull(nextAt) })

const blockOf = (one: NamedCase, failures: readonly Failure[]): string =>
  [
    painted('red', `FAILED: ${printable(one.name)}`),
    `  ${one.place}, at ${shown(one.at)}`,
    ...failures.flatMap((failure) => {
      const { connection, expected } = failure.tested
      return [
        ...(one.connections.length > 1 ? [`  connection ${printable(connection.id)}`] : []),
        `  expected: ${outcome(expected)}`,
        `  got:      ${outcome(failure.got)}`,
        '  why:',
        ...reasons(failure, one.at),
      ]
    }),
  ].join('\n')

/** Such as `terminate by leavers, until …`. Undefined parts are left out. */
const outcome = ({ expect, by, nextAt }: Expectation): string => {
  const names = by === undefined || by.length === 0 ? '' : ` by ${[...by].sort().join(', ')}`
  const until = nextAt === undefined ? '' : nextAt === NEVER ? ', for ever' : `, until ${shown(nextAt)}`
  return `${expect}${names}${until}`
}

/** The verdict of every policy and its reason. */
const reasons = ({ explanation }: Failure, at: Instant): readonly string[] =>
  explanation.verdicts.map(({ verdict, because, nextAt }) => {
    const { policy, word, deadline } = verdict
    const grace = deadline !== undefined && !isDue(verdict, at) ? `, in grace until ${shown(deadline)}` : ''
    const next = nextAt === NEVER ? '' : `; changes at ${shown(nextAt)}`
    const head = paragraph(`${policy.name} (${policy.kind.kind}): ${word}${grace}`, '    ')
    return `${head}\n${paragraph(`${because}${next}`, '      ')}`
  })

/** The instant as text. Milliseconds are shown only if they are not zero: a test is exact to the millisecond. */
const shown = (at: Instant): string => (at % 1000 === 0 ? toText(at) : (toIso(at) ?? 'never'))
