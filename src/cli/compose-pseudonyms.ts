import { createPseudonyms, keyProblem } from '../adapters/log/pseudonym.ts'
import type { Configuration } from '../config/configuration.ts'
import { readSecret } from './compose-secrets.ts'

export { createPseudonyms }

/** The key with which names in the log become pseudonyms, undefined without one; or one line that says what is wrong with it. */
export const readPseudonymKey = ({
  pseudonymKey,
}: Configuration['log']): { readonly key: string | undefined } | { readonly problem: string } => {
  if (pseudonymKey === undefined) return { key: undefined }
  const found = readSecret(pseudonymKey, keyProblem)
  return 'problem' in found ? { problem: `log.pseudonymKey: ${found.problem}` } : { key: found.text }
}
