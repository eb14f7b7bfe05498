import { execFileSync } from 'node:child_process'

// A bill of what ships, in CycloneDX, on standard output. npm's own `--omit dev` also leaves out what ships and
// development needs as well (npm 11.19: zod, yaml), so the whole is asked for and taken apart here.
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
const ships = (ref: string) => !development.has(ref)

// npm calls the product by its folder, and what runs a library.
bill.metadata.component.name = 'curfew'
bill.metadata.component.type = 'application'
bill.components = bill.components.filter((component) => ships(component['bom-ref']))
bill.dependencies = bill.dependencies
  .filter(({ ref }) => ships(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter(ships) }))
process.stdout.write(`${JSON.stringify(bill, null, 2)}\n`)
