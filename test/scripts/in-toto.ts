import * as z from 'zod'

// The shapes that the specifications require, without the fields that a release does not use. Strict, so that a misspelled
// field is noticed, although readers must ignore what they do not know.

const sha256 = z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) })

/** A TypeURI: https://github.com/in-toto/attestation/blob/main/spec/v1/field_types.md. */
const typeUri = z.url({ protocol: /^https$/ })

/** https://github.com/in-toto/attestation/blob/main/spec/v1/field_types.md: a time in UTC, as RFC 3339 writes it. */
const timestamp = z.iso.datetime({ precision: 0 })

/** https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md. */
const statement = (predicateType: string, predicate: z.ZodType) =>
  z.strictObject({
    _type: z.literal('https://in-toto.io/Statement/v1'),
    subject: z
      .array(z.strictObject({ name: z.string().min(1), digest: sha256 }))
      .min(1)
      .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'names must be unique'),
    predicateType: z.literal(predicateType),
    predicate,
  })

/** https://github.com/in-toto/attestation/blob/main/spec/v1/resource_descriptor.md: `uri` or `digest` is required. */
const resource = z
  .strictObject({
    name: z.string().optional(),
    uri: z.url().optional(),
    digest: z.union([sha256, z.strictObject({ gitCommit: z.string().regex(/^[0-9a-f]{40}$/) })]).optional(),
  })
  .refine(({ uri, digest }) => uri !== undefined || digest !== undefined)

/** https://slsa.dev/spec/v1.1/provenance: what is required for Build L1, and the optional fields that Curfew writes. */
export const ProvenanceStatement = statement(
  'https://slsa.dev/provenance/v1',
  z.strictObject({
    buildDefinition: z.strictObject({
      buildType: typeUri,
      externalParameters: z.strictObject({ version: z.string(), accepted: z.array(z.string()) }),
      resolvedDependencies: z.array(resource),
    }),
    runDetails: z.strictObject({
      builder: z.strictObject({ id: typeUri, version: z.record(z.string(), z.string()) }),
      metadata: z.strictObject({ startedOn: timestamp, finishedOn: timestamp }),
    }),
  }),
)

/** https://github.com/in-toto/attestation/blob/main/spec/predicates/cyclonedx.md: the schema of the bill is CycloneDX's own. */
export const BillStatement = statement(
  'https://cyclonedx.org/bom',
  z.looseObject({ bomFormat: z.literal('CycloneDX') }),
)
