/** What the line of the handler's log declares to CloudWatch, and its fields. */
export const NAMESPACE = 'Curfew/ConnectHandler'
export const METRICS = ['Decisions', 'OnErrors', 'DurationMs']
export const DIMENSION_SETS = [
  ['FunctionName'],
  ['FunctionName', 'Decision'],
  ['FunctionName', 'Policy', 'Decision'],
] as const
export const DECISIONS = ['allow', 'deny', 'audit', 'on-error']
export const FIELDS = [
  ...METRICS,
  'FunctionName',
  'Decision',
  'Policy',
  'endpointId',
  'connectionId',
  'username',
  'commonName',
  'policy',
  'reason',
  'because',
  'until',
  'doubts',
  'error',
  'onError',
  'schemaVersion',
  'mode',
  'policySetHash',
]
