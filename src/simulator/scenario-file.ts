import * as z from 'zod'
import { type Problem, sortProblems } from '../config/yaml/problem.ts'
import { readValue } from '../config/yaml/read-value.ts'
import { readYaml } from '../config/yaml/yaml-file.ts'
import { type FaultScenario, faultList } from './fault-schema.ts'
import { type Scenario, type ScenarioInput, scenarioSchema } from './scenario.ts'

type ParsedScenario = { readonly scenario: Scenario } | { readonly problems: readonly Problem[] }

type ParsedFaults = { readonly faults: readonly FaultScenario[] } | { readonly problems: readonly Problem[] }

/** Reports every problem of a file. A file with a problem has no value. */
const parse = <Schema extends z.ZodType>(
  text: string,
  path: string,
  schema: Schema,
): { readonly value: z.output<Schema> } | { readonly problems: readonly Problem[] } => {
  const problems: Problem[] = []
  const file = readYaml(path, new TextEncoder().encode(text), (problem) => problems.push(problem))
  const value = file.value === undefined ? undefined : readValue(file, schema, [], file.value)
  return problems.length === 0 && value !== undefined ? { value } : { problems: sortProblems(problems) }
}

export const parseScenario = (text: string, path = 'scenario.yaml'): ParsedScenario => {
  const parsed = parse(text, path, scenarioSchema)
  return 'value' in parsed ? { scenario: parsed.value } : parsed
}

/** Parses a file that contains only the `faults` of a scenario. */
export const parseFaults = (text: string, path = 'faults.yaml'): ParsedFaults => {
  const parsed = parse(text, path, z.strictObject({ faults: faultList }))
  return 'value' in parsed ? { faults: parsed.value.faults } : parsed
}

/** Checks a scenario that is written in code. Throws a ZodError that lists every problem. */
export const defineScenario = (input: ScenarioInput): Scenario => scenarioSchema.parse(input)
