/** Questions to the log of the handler, in the language of Logs Insights. `docs/connect-handler.md` has more. */
export const LAST_DENIALS = [
  'fields @timestamp, Decision, policy, reason, because, until, username, commonName, endpointId, connectionId',
  'filter Decision in ["deny", "audit"]',
  'sort @timestamp desc',
  'limit 50',
].join('\n| ')

export const SLOWEST_STARTS = [
  'fields @timestamp, coldStartMs, DurationMs, Decision, endpointId, policySetHash',
  'filter ispresent(coldStartMs) and ispresent(Decision)',
  'sort coldStartMs desc',
  'limit 50',
].join('\n| ')
