/** A file of a release, as in-toto names one. */
export interface Subject {
  readonly name: string
  readonly digest: { readonly sha256: string }
}

/** What in-toto says about files: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md. */
interface Statement {
  readonly _type: 'https://in-toto.io/Statement/v1'
  readonly subject: readonly Subject[]
  readonly predicateType: string
  readonly predicate: object
}

/** Returns the statement that the bill of materials is about these files. `cosign` calls its type `cyclonedx`. */
export const billStatement = (subject: readonly Subject[], bill: object): Statement => ({
  _type: 'https://in-toto.io/Statement/v1',
  subject,
  predicateType: 'https://cyclonedx.org/bom',
  predicate: bill,
})

export interface Run {
  readonly version: string
  /** What `--accept` named: gates that this release did not pass. */
  readonly accepted: readonly string[]
  /** The address of the repository, without `git+` and `.git`. */
  readonly repository: string
  readonly commit: string
  /** The SHA-256 of package-lock.json, which has the checksum of each package. */
  readonly lock: string
  readonly startedAt: Date
  readonly finishedAt: Date
  readonly tools: Readonly<Record<string, string>>
}

/**
 * Returns the statement how these files were made: https://slsa.dev/spec/v1.1/provenance. `cosign` calls its type
 * `slsaprovenance1`. The page that its addresses name says what a reader may conclude.
 */
export const provenanceStatement = (subject: readonly Subject[], run: Run): Statement => {
  const tag = `v${run.version}`
  const page = `${run.repository}/blob/${tag}/docs/releasing.md`
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject,
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: `${page}#the-build-type`,
        externalParameters: { version: run.version, accepted: run.accepted },
        resolvedDependencies: [
          { uri: `git+${run.repository}@refs/tags/${tag}`, digest: { gitCommit: run.commit } },
          { name: 'package-lock.json', digest: { sha256: run.lock } },
        ],
      },
      runDetails: {
        builder: { id: `${page}#the-builder`, version: run.tools },
        metadata: { startedOn: secondsOf(run.startedAt), finishedOn: secondsOf(run.finishedAt) },
      },
    },
  }
}

const secondsOf = (at: Date): string => at.toISOString().replace(/\.\d+Z$/, 'Z')
