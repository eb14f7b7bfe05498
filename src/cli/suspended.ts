import { countsOverAll, type Policy } from '../domain/policies/policy.ts'
import { paragraph } from './lines.ts'

/** The policies that end nobody while an endpoint cannot be read. */
export const suspendedTexts = (policies: readonly Policy[]): readonly string[] =>
  policies
    .filter(countsOverAll)
    .map(({ name }) =>
      paragraph(`The policy "${name}" counts over all endpoints: it ends nobody while one of them cannot be read.`),
    )
