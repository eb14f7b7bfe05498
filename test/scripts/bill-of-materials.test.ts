import { describe, expect, it } from 'vitest'
import { type Bill, billOfMaterials, type Shipped } from '../../scripts/release/bill-of-materials.ts'

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
