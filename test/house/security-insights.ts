import * as z from 'zod'

// OpenSSF Security Insights 2.2.0, without the fields that the project does not use:
// https://github.com/ossf/security-insights/blob/main/spec/schema.cue. Strict, as the specification is.

const url = z.string().regex(/^https?:\/\/\S+$/)
const date = z.iso.date()
const contact = z.strictObject({ name: z.string().min(1), primary: z.boolean() })
const link = z.strictObject({ uri: z.string(), comment: z.string() })
const urls = (...names: readonly string[]) =>
  z.strictObject(Object.fromEntries(names.map((name) => [name, url.optional()])))

const tool = z.strictObject({
  name: z.string(),
  type: z.enum(['fuzzing', 'container', 'secret', 'SCA', 'SAST', 'other']),
  comment: z.string().optional(),
  rulesets: z.array(z.string()).min(1),
  integration: z.strictObject({ adhoc: z.boolean(), ci: z.boolean(), release: z.boolean() }),
  results: z.strictObject({}),
})

export const SecurityInsights = z.strictObject({
  header: z.strictObject({
    'schema-version': z.literal('2.2.0'),
    'last-updated': date,
    'last-reviewed': date,
    url,
    comment: z.string().optional(),
  }),
  project: z.strictObject({
    name: z.string(),
    administrators: z.array(contact).min(1),
    repositories: z.array(z.strictObject({ name: z.string(), url, comment: z.string() })).min(1),
    documentation: urls(
      'quickstart-guide',
      'detailed-guide',
      'design',
      'code-of-conduct',
      'release-process',
      'support-policy',
      'signature-verification',
    ),
    'vulnerability-reporting': z.strictObject({
      'reports-accepted': z.boolean(),
      'bug-bounty-available': z.boolean(),
      policy: url.optional(),
      contact: contact.optional(),
      'in-scope': z.array(z.string()).optional(),
      'out-of-scope': z.array(z.string()).optional(),
      comment: z.string().optional(),
    }),
  }),
  repository: z.strictObject({
    url,
    status: z.enum(['active', 'abandoned', 'concept', 'inactive', 'moved', 'suspended', 'unsupported', 'WIP']),
    'accepts-change-request': z.boolean(),
    'accepts-automated-change-request': z.boolean(),
    'bug-fixes-only': z.boolean().optional(),
    'no-third-party-packages': z.boolean().optional(),
    'core-team': z.array(contact).min(1),
    license: z.strictObject({ url, expression: z.string() }),
    documentation: urls(
      'contributing-guide',
      'dependency-management-policy',
      'governance',
      'review-policy',
      'security-policy',
    ),
    release: z.strictObject({
      'automated-pipeline': z.boolean(),
      'distribution-points': z.array(link).min(1),
      changelog: url.optional(),
      attestations: z
        .array(z.strictObject({ name: z.string(), location: url, 'predicate-uri': z.string(), comment: z.string() }))
        .optional(),
    }),
    security: z.strictObject({
      assessments: z.strictObject({
        self: z.strictObject({ comment: z.string(), evidence: url.optional(), date: date.optional() }),
      }),
      tools: z.array(tool).optional(),
    }),
  }),
})
