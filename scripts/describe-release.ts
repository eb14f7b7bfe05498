import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Metafile } from 'esbuild'
import { type Bill, billOfMaterials } from './release/bill-of-materials.ts'
import { billStatement, provenanceStatement, type Subject } from './release/statements.ts'
import { bundledPackages } from './third-party-licences.ts'

// Writes beside the artefacts of a release what they consist of (CycloneDX), and how they were made (SLSA provenance), the
// latter and the former once more as in-toto statements. `scripts/release.sh` signs the checksums of all.

const { values } = parseArgs({
  options: {
    /** The folder with the artefacts. */
    into: { type: 'string', default: '' },
    metafile: { type: 'string', default: '' },
    accepted: { type: 'string', multiple: true, default: [] },
    /** Seconds since 1970. */
    started: { type: 'string', default: '' },
  },
})
const { into } = values

const say = (program: string, ...args: string[]) =>
  execFileSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()
const fromSeconds = (text: string) => new Date(Number(text) * 1000)
const sha256Of = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')
const subjectOf = (name: string): Subject => ({ name, digest: { sha256: sha256Of(join(into, name)) } })
const write = (name: string, content: object) =>
  writeFileSync(join(into, name), `${JSON.stringify(content, null, 2)}\n`)

const { version, engines, repository } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly version: string
  readonly engines: { readonly node: string }
  readonly repository: { readonly url: string }
}
const [commit = '', committedAt = ''] = say('git', 'log', '-1', '--format=%H %ct').split(' ')
const artefacts = readdirSync(into).sort()
/** The chart has no bundle: it names an image. */
const bundled = artefacts.filter((name) => !name.startsWith('curfew-chart-'))

// npm's own `--omit dev` omits shipped packages that development needs too (npm 11.19: zod, yaml), and keeps packages that the
// bundle does not contain.
const npmBill = JSON.parse(say('npm', 'sbom', '--package-lock-only', '--sbom-format', 'cyclonedx')) as Bill
const bill = billOfMaterials(npmBill, {
  packages: bundledPackages('.', JSON.parse(readFileSync(values.metafile, 'utf8')) as Metafile),
  engine: engines.node,
  dockerfile: readFileSync('Dockerfile', 'utf8'),
  at: fromSeconds(committedAt),
})
const billName = `curfew-${version}.cdx.json`
write(billName, bill)
write(`curfew-${version}.sbom.intoto.json`, billStatement(bundled.map(subjectOf), bill))
write(
  `curfew-${version}.provenance.intoto.json`,
  provenanceStatement([...artefacts, billName].map(subjectOf), {
    version,
    accepted: values.accepted,
    repository: repository.url.replace(/^git\+|\.git$/g, ''),
    commit,
    lock: sha256Of('package-lock.json'),
    startedAt: fromSeconds(values.started),
    finishedAt: new Date(),
    tools: { node: process.versions.node, npm: say('npm', '--version') },
  }),
)
