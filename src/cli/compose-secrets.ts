import { diskFiles } from '../adapters/files/config-files.ts'
import type { SecretSource } from '../config/configuration.ts'

/** A secret from the environment or from a file; or one line that says where it is missing or wrong, without its text. */
export const readSecret = (
  source: SecretSource,
  check: (text: string) => string | undefined,
): { readonly text: string } | { readonly problem: string } => {
  const found = secretOf(source)
  const wrong = 'problem' in found ? found.problem : check(found.text)
  return wrong === undefined ? found : { problem: `${placeOf(source)}: ${wrong}` }
}

const placeOf = (source: SecretSource) => ('env' in source ? `the environment variable ${source.env}` : source.file)

const secretOf = (source: SecretSource): { readonly text: string } | { readonly problem: string } => {
  if ('env' in source) {
    const text = process.env[source.env]?.trim()
    return text ? { text } : { problem: 'not set or empty: set it, or name a file instead' }
  }
  const read = diskFiles.read(source.file)
  if ('why' in read) return { problem: `the file cannot be read: ${read.why}` }
  const text = Buffer.from(read.bytes).toString('utf8').trim()
  return text === '' ? { problem: 'the file is empty: write the secret into it' } : { text }
}
