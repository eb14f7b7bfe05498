import type { CloudWatchMetric } from '../cloudwatch.ts'

/** The namespace of the metrics that the handler writes with each line of its log. */
const HANDLER = 'Curfew/ConnectHandler'

const ofHandler = (metricName: string, more: Readonly<Record<string, string>> = {}): CloudWatchMetric => ({
  namespace: HANDLER,
  metricName,
  dimensions: { FunctionName: '$handler', ...more },
})

export const decisions = ofHandler('Decisions')
export const onErrors = ofHandler('OnErrors')
export const unknown = ofHandler('Unknown')
export const durationMs = ofHandler('DurationMs')

/** The decisions of one sort, or a line for each sort. */
export const decisionsThat = (decision: 'deny' | 'audit' | '*'): CloudWatchMetric =>
  ofHandler('Decisions', { Decision: decision })

/** The decisions of one sort, with a line for each policy that led. */
export const decisionsByPolicy = (decision: 'deny' | 'audit'): CloudWatchMetric =>
  ofHandler('Decisions', { Policy: '*', Decision: decision })

/** A metric that Lambda publishes about the function, all its versions together. */
export const ofLambda = (metricName: string): CloudWatchMetric => ({
  namespace: 'AWS/Lambda',
  metricName,
  dimensions: { FunctionName: '$handler' },
})

/** The namespace of the metrics that Client VPN publishes about its endpoints. */
export const CLIENT_VPN = 'AWS/ClientVPN'
