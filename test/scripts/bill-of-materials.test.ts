import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Spec, Validation } from '@cyclonedx/cyclonedx-library'
import type { Metafile } from 'esbuild'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Bill, billOfMaterials, type Shipped } from '../../scripts/release/bill-of-materials.ts'
import { bundledPackages } from '../../scripts/third-party-licences.ts'

const component = (name: string, version: string, development = false) => ({
  'bom-ref': `${name}@${version}`,
  type: 'library',
  name,
  version,
  scope: 'optional',
  properties: development ? [{ name: 'cdx:npm:package:development', value: 'true' }] : [],
})

const npmBill: Bill = {
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  serialNumber: 'urn:uuid:00000000-0000-4000-8000-000000000000',
  version: 1,
  metadata: {
    timestamp: '2030-01-01T00:00:00.000Z',
    tools: [{ name: 'cli' }],
    component: { ...component('curfew', '1.2.3'), name: 'the-folder' },
  },
  components: [
    component('server', '1.0.0'),
    component('types', '1.0.0'),
    component('parser', '2.0.0', true),
    component('parser', '1.0.0'),
    component('runner', '1.0.0', true),
  ],
  dependencies: [
    { ref: 'curfew@1.2.3', dependsOn: ['server@1.0.0', 'runner@1.0.0'] },
    { ref: 'server@1.0.0', dependsOn: ['types@1.0.0'] },
    { ref: 'types@1.0.0', dependsOn: ['parser@2.0.0', 'types@1.0.0'] },
    { ref: 'runner@1.0.0', dependsOn: ['parser@1.0.0'] },
  ],
}

const DOCKERFILE = 'ARG BUILDER=docker.io/library/node:24-slim\nARG BASE=gcr.io/distroless/nodejs24-debian13:nonroot\n'
const shipped: Shipped = {
  packages: [
    { name: 'server', version: '1.0.0' },
    { name: 'parser', version: '2.0.0' },
  ],
  engine: '>=20.19',
  dockerfile: DOCKERFILE,
  at: new Date(Date.UTC(2026, 11, 1)),
}

const refs = ({ components }: Bill) => components.map((one) => one['bom-ref'])

describe('the bill of materials', () => {
  const bill = billOfMaterials(npmBill, shipped)
  const dependsOn = (ref: string) => bill.dependencies.find((one) => one.ref === ref)?.dependsOn

  it('lists the packages of the bundle, also those that development needs too, and no other package', () => {
    expect(refs(bill).slice(0, 2)).toEqual(['parser@2.0.0', 'server@1.0.0'])
    expect(JSON.stringify(bill)).not.toMatch(/runner|types@|parser@1|cdx:npm:package:development/)
  })

  it('lists Node and the bases of the image, of which the one of the build does not ship', () => {
    expect(bill.components.slice(2)).toMatchObject([
      { type: 'platform', purl: 'pkg:generic/node@24', scope: 'required' },
      { type: 'container', purl: 'pkg:docker/distroless/nodejs24-debian13@nonroot?repository_url=gcr.io' },
      { type: 'container', purl: 'pkg:docker/library/node@24-slim?repository_url=docker.io', scope: 'excluded' },
    ])
  })

  it('connects packages through those that do not ship', () => {
    expect(dependsOn('curfew@1.2.3')).toEqual(['server@1.0.0', 'node@24'])
    expect(dependsOn('server@1.0.0')).toEqual(['parser@2.0.0'])
  })

  it('names the product and the time of the commit, and nothing of the machine', () => {
    expect(bill.metadata).toEqual({
      timestamp: '2026-12-01T00:00:00.000Z',
      lifecycles: [{ phase: 'build' }],
      component: expect.objectContaining({ name: 'curfew', type: 'application' }) as object,
    })
  })

  it('has a serial number that its content gives', () => {
    const number = /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
    const again = { ...npmBill, serialNumber: 'urn:uuid:other', components: npmBill.components.toReversed() }
    expect(bill.serialNumber).toMatch(number)
    expect(billOfMaterials(again, shipped)).toEqual(bill)
    const later = billOfMaterials(npmBill, { ...shipped, at: new Date(Date.UTC(2026, 11, 2)) })
    expect(later.serialNumber).toMatch(number)
    expect(later.serialNumber).not.toBe(bill.serialNumber)
  })

  it('stops at a package that the lock file does not have', () => {
    const packages = [...shipped.packages, { name: 'parser', version: '3.0.0' }]
    expect(() => billOfMaterials(npmBill, { ...shipped, packages })).toThrow(
      'contains parser@3.0.0, which package-lock',
    )
  })

  it.each([
    ['without a base', 'ARG BUILDER=docker.io/library/node:24-slim\n', 'no line "ARG BASE=IMAGE:TAG"'],
    ['whose base does not name its Node', DOCKERFILE.replace('nodejs24', 'node'), 'does not name its Node'],
  ])('stops at a Dockerfile %s', (_, dockerfile, message) => {
    expect(() => billOfMaterials(npmBill, { ...shipped, dockerfile })).toThrow(message)
  })
})

describe('the bill of materials of this tree', () => {
  const packages = () => bundledPackages('.', JSON.parse(readFileSync('reports/metafile.json', 'utf8')) as Metafile)
  let all: Bill
  let bill: Bill

  beforeAll(() => {
    const text = execFileSync('npm', ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx'], {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    })
    all = JSON.parse(text) as Bill
    bill = billOfMaterials(all, { ...shipped, packages: packages(), dockerfile: readFileSync('Dockerfile', 'utf8') })
  })

  it('has exactly the packages with a byte in the bundle, as the list of licences does', () => {
    const [list = ''] = readFileSync('dist/THIRD-PARTY-LICENSES.txt', 'utf8').split(/^-{80}$/m)
    const licensed = [...list.matchAll(/^ {2}(\S+) (\S+), /gm)].map(([, name, version]) => `${name}@${version}`)
    const libraries = bill.components.filter(({ type }) => type === 'library').map((one) => one['bom-ref'])
    expect(libraries).toEqual(licensed.sort())
    expect(libraries).toEqual(
      packages()
        .map(({ name, version }) => `${name}@${version}`)
        .sort(),
    )
  })

  it('leaves out what is installed and does not ship: tests, tools, and parts of Fastify that no route needs', () => {
    const absent = ['vitest', 'esbuild', 'light-my-request']
    const names = new Set(bill.components.map(({ name }) => name))
    expect(absent.filter((name) => names.has(name))).toEqual([])
    expect(all.components.map(({ name }) => name)).toEqual(expect.arrayContaining(absent))
    expect(bill.components.map(({ name }) => name)).toEqual(expect.arrayContaining(['zod', 'yaml', 'node']))
  })

  it('reaches every package from the product', () => {
    const next = new Map(bill.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]))
    const reached = new Set<string>()
    const visit = (ref: string) => {
      if (reached.has(ref)) return
      reached.add(ref)
      next.get(ref)?.forEach(visit)
    }
    visit(bill.metadata.component['bom-ref'])
    const required = bill.components.filter(({ type, scope }) => type !== 'container' && scope === 'required')
    expect(required.map((one) => one['bom-ref']).filter((ref) => !reached.has(ref))).toEqual([])
  })

  it('is valid by the schema of CycloneDX, which notices a wrong word', async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot5)
    const text = JSON.stringify(bill)
    expect(await validator.validate(text)).toBe(null)
    expect(await validator.validate(text.replace('"platform"', '"plattform"'))).toMatchObject([{ keyword: 'enum' }])
  })
})
