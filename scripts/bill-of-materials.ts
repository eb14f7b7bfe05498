import { execFileSync } from 'node:child_process'

// Prints a bill of materials of the released packages, in CycloneDX, to standard output. npm's own `--omit dev` also omits
// released packages that development needs too (npm 11.19: zod, yaml). So this script asks for all packages and filters them.
interface Bill {
  readonly metadata: { readonly component: { name: string; type: string } }
  components: ReadonlyArray<{
    readonly 'bom-ref': string
    readonly properties?: ReadonlyArray<{ readonly name: string; readonly value: string }>
  }>
  dependencies: ReadonlyArray<{ readonly ref: string; readonly dependsOn: readonly string[] }>
}

const all = execFileSync('npm', ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx'], {
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
  stdio: ['ignore', 'pipe', 'ignore'],
})
const bill = JSON.parse(all) as Bill
const development = new Set(
  bill.components
    .filter(({ properties = [] }) =>
      properties.some(({ name, value }) => name === 'cdx:npm:package:development' && value === 'true'),
    )
    .map((component) => component['bom-ref']),
)
const isReleased = (ref: string) => !development.has(ref)

// npm names the product after its folder, and gives it the type of a library.
bill.metadata.component.name = 'curfew'
bill.metadata.component.type = 'application'
bill.components = bill.components.filter((component) => isReleased(component['bom-ref']))
bill.dependencies = bill.dependencies
  .filter(({ ref }) => isReleased(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter(isReleased) }))
process.stdout.write(`${JSON.stringify(bill, null, 2)}\n`)
