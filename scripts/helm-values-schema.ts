import * as z from 'zod'
import { curfewJsonSchema, policiesJsonSchema, testJsonSchema } from '../src/config/schema/json-schema.ts'

type Json = Readonly<Record<string, unknown>>

/** What Kubernetes defines is passed on as it is. The API server checks it. */
const object = z.record(z.string(), z.unknown())
const objects = z.array(object)
const texts = z.record(z.string(), z.string())
/** Labels beside those that select the pod. */
const labels = texts.meta({
  not: { anyOf: [{ required: ['app.kubernetes.io/name'] }, { required: ['app.kubernetes.io/instance'] }] },
})
const name = z.string().regex(/^([a-z0-9]([-.a-z0-9]*[a-z0-9])?)?$/)
const enabled = z.boolean()
const seconds = z.int().min(1)
const quantities = z.record(z.string(), z.union([z.string(), z.number()]))

const probe = z.strictObject({
  initialDelaySeconds: seconds.optional(),
  periodSeconds: seconds,
  timeoutSeconds: seconds.optional(),
  successThreshold: z.int().min(1).optional(),
  failureThreshold: z.int().min(1).optional(),
})

const values = z.strictObject({
  global: object.optional().describe('Values that a chart shares with the charts that it depends on. None is read.'),
  nameOverride: name,
  fullnameOverride: name,
  image: z.strictObject({
    repository: z.string().regex(/^[a-z0-9][a-z0-9._:/-]*$/),
    tag: z.string(),
    digest: z.string().regex(/^(sha256:[0-9a-f]{64})?$/),
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
    pullSecrets: z.array(z.strictObject({ name })),
  }),
  config: object,
  existingConfigMap: name,
  policies: object,
  existingPoliciesConfigMap: name,
  existingSecret: name,
  env: z.array(z.looseObject({ name: z.string() })),
  envFrom: objects,
  extraVolumes: objects,
  extraVolumeMounts: objects,
  serviceAccount: z.strictObject({ create: enabled, name, annotations: texts }),
  podIdentity: z.strictObject({ enabled }),
  persistence: z.strictObject({
    existingClaim: name,
    size: z.string().regex(/^[1-9]\d*([KMGTP]i?)?$/),
    storageClassName: name,
    accessMode: z.enum(['ReadWriteOnce', 'ReadWriteOncePod', 'ReadWriteMany']),
    keep: z.boolean(),
    annotations: texts,
  }),
  replicas: z.strictObject({
    enabled,
    count: z.int().min(1),
    existingSecret: name.min(1),
    caConfigMap: name,
    network: z.strictObject({
      port: z.int().min(1).max(65_535),
      blocks: z.array(z.strictObject({ cidr: z.string(), except: z.array(z.string()).optional() })).min(1),
    }),
    migrate: z.strictObject({
      enabled,
      existingSecret: name.min(1),
      ttlSecondsAfterFinished: z.int().min(0).nullish(),
    }),
  }),
  networkPolicy: z.strictObject({ enabled, from: objects, egress: objects }),
  serviceMonitor: z.strictObject({
    enabled,
    interval: z.string().regex(/^[1-9]\d*(s|m)$/),
    labels: texts,
    tlsConfig: object,
  }),
  prometheusRule: z.strictObject({ enabled, labels: texts, runbookUrl: z.string().regex(/^https?:\/\/\S+$/) }),
  dashboards: z.strictObject({
    enabled,
    names: z.array(z.enum(['connect-handler', 'operations', 'people', 'policies'])),
    labels: texts,
    annotations: texts,
  }),
  stopped: z.boolean(),
  probes: z.strictObject({
    startup: probe.required({ failureThreshold: true }),
    liveness: probe,
    readiness: probe,
  }),
  resources: z.strictObject({ requests: quantities.optional(), limits: quantities.optional() }),
  user: z.int().min(1).nullish(),
  podAnnotations: texts,
  podLabels: labels,
  nodeSelector: texts,
  tolerations: objects,
  affinity: object,
  priorityClassName: name,
})

/** Helm's regular expressions are those of Go: no look-around, no count above 1000. `curfew validate` checks the rest. */
const isForGo = (pattern: unknown) => typeof pattern !== 'string' || !/\(\?<?[=!]|\{\d*,?[1-9]\d{3,}\}/.test(pattern)

const kindOf = ({ properties = {} }: { readonly properties?: Json }) =>
  (properties.kind as { readonly const?: string } | undefined)?.const

/** For a choice between kinds, Helm would tell of each kind why it does not match. So it gets only that of the value. */
const byKind = (schemas: readonly Json[]): Json => ({
  type: 'object',
  properties: { kind: { enum: schemas.map(kindOf) } },
  required: ['kind'],
  allOf: schemas.map((schema) => ({
    if: { properties: { kind: { not: { const: kindOf(schema) } } } },
    else: forHelm(schema),
  })),
})

const forHelm = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(forHelm)
  if (typeof schema !== 'object' || schema === null) return schema
  const { oneOf } = schema as { readonly oneOf?: readonly Json[] }
  if (oneOf?.every((one) => kindOf(one) !== undefined)) return byKind(oneOf)
  return Object.fromEntries(
    Object.entries(schema).flatMap(([key, value]) =>
      key === 'pattern' && !isForGo(value) ? [] : [[key, forHelm(value)]],
    ),
  )
}

/** The schema of a file, as part of another one. */
const partOf = (schema: Json) => forHelm({ ...schema, $schema: undefined, title: undefined }) as Json

/** A file of the folder of policies is text, or YAML of a schema. With null it is left out. */
const fileOf = (schema: Json): Json => ({ if: { type: ['string', 'null'] }, else: partOf(schema) })

/** The chart adds what is required of `curfew.yaml`. `watch` is empty at first, and the chart refuses that in words. */
const config = (): Json => {
  const { required: _, properties, ...schema } = partOf(curfewJsonSchema())
  const { watch, ...keys } = properties as Readonly<Record<string, Json>>
  return { ...schema, properties: { ...keys, watch: { ...watch, minItems: 0 } } }
}

const policies = (): Json => ({
  type: 'object',
  description: 'The files of the folder ./policies by name.',
  propertyNames: { pattern: '^[-._a-zA-Z0-9]+$' },
  patternProperties: { '\\.test\\.ya?ml$': fileOf(testJsonSchema()) },
  additionalProperties: fileOf(policiesJsonSchema()),
})

/** The JSON Schema of the values of the chart. Helm refuses values that violate it. */
export const helmValuesSchema = (): Json => {
  const schema = z.toJSONSchema(values, { io: 'input' })
  return {
    title: 'Values of the chart of Curfew',
    ...schema,
    properties: { ...schema.properties, config: config(), policies: policies() },
  }
}
