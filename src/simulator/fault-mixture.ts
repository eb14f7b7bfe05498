import { faultList } from './fault-schema.ts'

/** Every kind of fault at a low rate. Together they affect about every fourth request. */
export const faultMixture = faultList.parse([
  { fault: 'other-tool', percent: 1 },
  { fault: 'throttle', percent: 2 },
  { fault: 'internal-error', percent: 1 },
  { fault: 'unavailable', percent: 1 },
  { fault: 'denied', percent: 0.5 },
  { fault: 'expired-credentials', percent: 0.5 },
  { fault: 'reset', percent: 2 },
  { fault: 'hang', percent: 0.5 },
  { fault: 'stall', percent: 0.5 },
  { fault: 'truncated', percent: 1 },
  { fault: 'answer-lost', percent: 1 },
  { fault: 'empty', percent: 1 },
  { fault: 'garbage', percent: 0.5 },
  { fault: 'login-page', percent: 1 },
  { fault: 'proxy-error', percent: 0.5 },
  { fault: 'error-in-success', percent: 1 },
  { fault: 'wrong-root', percent: 0.5 },
  { fault: 'wrong-date', percent: 1 },
  { fault: 'repeated-token', percent: 1 },
  { fault: 'duplicate-rows', percent: 3 },
  { fault: 'stale-list', percent: 5 },
  { fault: 'lie', percent: 5 },
  { fault: 'failed-to-terminate', percent: 5 },
])
