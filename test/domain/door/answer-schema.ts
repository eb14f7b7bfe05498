/** The field for the text in each version, as the pages of AWS name it. */
const TEXT_FIELDS: Readonly<Record<string, string>> = {
  v1: 'error-msg-on-failed-posture-compliance',
  v2: 'error-msg-on-denied-connection',
  v3: 'error-msg-on-denied-connection',
}

/**
 * What is wrong with an answer by AWS's table, read as a service would read it: after JSON, with every limit in its
 * strictest sense. Undefined: nothing.
 */
export const flawOf = (answer: unknown, version: string): string | undefined => {
  const read = JSON.parse(JSON.stringify(answer)) as Record<string, unknown>
  const field = TEXT_FIELDS[version] ?? 'no such version'
  const { allow, [field]: text, 'posture-compliance-statuses': statuses, 'schema-version': answeredIn, ...more } = read
  if (Object.keys(more).length > 0) return `unknown fields: ${Object.keys(more).join(', ')}`
  if (answeredIn !== version) return `answered in ${String(answeredIn)}, asked in ${version}`
  if (typeof allow !== 'boolean') return 'neither allowed nor denied'
  if (allow && text !== '') return 'allowed with a text'
  if (!allow && text === '') return 'denied without a text'
  if (!Array.isArray(statuses) || statuses.length > 10) return 'no list of at most ten statuses'
  const unfit = [text, ...(statuses as unknown[])].find((one) => !isFit(one))
  return unfit === undefined ? undefined : `unfit text: ${JSON.stringify(unfit)}`
}

const isFit = (text: unknown): boolean =>
  typeof text === 'string' &&
  Buffer.byteLength(text) <= 255 &&
  !/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(text) &&
  Buffer.from(text).toString() === text
