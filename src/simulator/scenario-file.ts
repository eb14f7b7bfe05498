import { type Problem, sortProblems } from '../config/problem.ts'
import { readValue } from '../config/read-value.ts'
import { readYaml } from '../config/yaml-file.ts'
import { type Scenario, type ScenarioInput, scenarioSchema } from './scenario.ts'

export type ParsedScenario = { readonly scenario: Scenario } | { readonly problems: readonly Problem[] }

/** Reads a scenario file. Every problem is reported; there is no half-valid scenario. */
export const parseScenario = (text: string, path = 'scenario.yaml'): ParsedScenario => {
  const problems: Problem[] = []
  const file = readYaml(path, new TextEncoder().encode(text), (problem) => problems.push(problem))
  const scenario = file.value === undefined ? undefined : readValue(file, scenarioSchema, [], file.value)
  return problems.length === 0 && scenario !== undefined ? { scenario } : { problems: sortProblems(problems) }
}

/** A scenario written in code. Throws a ZodError that lists every problem. */
export const defineScenario = (input: ScenarioInput): Scenario => scenarioSchema.parse(input)
