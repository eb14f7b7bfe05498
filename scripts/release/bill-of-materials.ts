import { createHash } from 'node:crypto'

interface Component {
  readonly 'bom-ref': string
  readonly type: string
  readonly name: string
  readonly version: string
  readonly scope?: string
  readonly description?: string
  readonly purl?: string
  readonly properties?: ReadonlyArray<{ readonly name: string; readonly value: string }>
}

interface Dependency {
  readonly ref: string
  readonly dependsOn: readonly string[]
}

/** A bill of materials in CycloneDX, with the parts that change here. */
export interface Bill {
  readonly metadata: { readonly component: Component; readonly [key: string]: unknown }
  readonly components: readonly Component[]
  readonly dependencies: readonly Dependency[]
  readonly [key: string]: unknown
}

export interface Shipped {
  /** The packages with a byte in the bundle. */
  readonly packages: ReadonlyArray<{ readonly name: string; readonly version: string }>
  /** The oldest Node that runs the bundle, such as `>=20.19`. */
  readonly engine: string
  /** The Dockerfile of the image, which names its bases. */
  readonly dockerfile: string
  /** The time of the commit, because the same tree must give the same bill. */
  readonly at: Date
}

/**
 * Makes a bill of what ships out of the one that npm writes about everything in the lock file. Throws an Error if a package
 * of the bundle is not in the lock file.
 */
export const billOfMaterials = (all: Bill, { packages, engine, dockerfile, at }: Shipped): Bill => {
  const refs = new Set(packages.map(({ name, version }) => `${name}@${version}`))
  const components = all.components
    .filter((component) => refs.has(component['bom-ref']))
    .map(asShipped)
    .sort((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1))
  const found = new Set(components.map((component) => component['bom-ref']))
  const unknown = [...refs].filter((ref) => !found.has(ref))
  if (unknown.length > 0) {
    throw new Error(
      `the bundle contains ${unknown.join(', ')}, which package-lock.json does not have: run npm ci, and build again`,
    )
  }

  const product = { ...all.metadata.component, name: 'curfew', type: 'application' }
  const node = nodeOf(engine, dockerfile)
  const [builder, base] = ['BUILDER', 'BASE'].map((argument) => imageOf(dockerfile, argument)) as [Component, Component]
  const within = reachable(all.dependencies, refs)
  const { serialNumber: _random, metadata: _npm, ...rest } = all
  const bill: Bill = {
    ...rest,
    metadata: { timestamp: at.toISOString(), lifecycles: [{ phase: 'build' }], component: product },
    components: [...components, node, base, { ...builder, scope: 'excluded' }],
    dependencies: [
      { ref: product['bom-ref'], dependsOn: [...within(product['bom-ref']), node['bom-ref']] },
      ...components.map((component) => ({ ref: component['bom-ref'], dependsOn: within(component['bom-ref']) })),
      { ref: base['bom-ref'], dependsOn: [node['bom-ref']] },
    ],
  }
  return { ...bill, serialNumber: serialNumberOf(bill) }
}

/** npm marks what development needs too. That says nothing about the bundle. */
const asShipped = ({ properties = [], ...component }: Component): Component => {
  const rest = properties.filter(({ name }) => name !== 'cdx:npm:package:development')
  const shipped = { ...component, scope: 'required' }
  return rest.length === 0 ? shipped : { ...shipped, properties: rest }
}

/** Returns the shipped packages that a package leads to, directly or through packages that do not ship, such as types. */
const reachable = (dependencies: readonly Dependency[], shipped: ReadonlySet<string>) => {
  const byRef = new Map(dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]))
  return (from: string): readonly string[] => {
    const seen = new Set<string>()
    const visit = (ref: string) => {
      for (const next of byRef.get(ref) ?? []) {
        if (seen.has(next)) continue
        seen.add(next)
        if (!shipped.has(next)) visit(next)
      }
    }
    visit(from)
    return [...seen].filter((ref) => shipped.has(ref)).sort()
  }
}

/** The Node that runs the bundle: in the image that of the base, elsewhere any that `engines` permits. */
const nodeOf = (engine: string, dockerfile: string): Component => {
  const { name } = imageOf(dockerfile, 'BASE')
  const [, version = ''] = /nodejs(\d+)/.exec(name) ?? []
  if (version === '')
    throw new Error(`the base ${name} does not name its Node: expected nodejs and a number, as in nodejs24`)
  return {
    'bom-ref': `node@${version}`,
    type: 'platform',
    name: 'node',
    version,
    scope: 'required',
    description: `Node.js runs the bundle: in the image ${version}, from its base; elsewhere the one that is installed, ${engine}.`,
    purl: `pkg:generic/node@${version}`,
  }
}

const imageOf = (dockerfile: string, argument: string): Component => {
  const [, image = '', tag = ''] = new RegExp(`^ARG ${argument}=(\\S+):(\\S+)$`, 'm').exec(dockerfile) ?? []
  if (tag === '') throw new Error(`the Dockerfile has no line "ARG ${argument}=IMAGE:TAG"`)
  const [, host = '', path = ''] = /^([^/]+)\/(.+)$/.exec(image) ?? []
  return {
    'bom-ref': `${image}:${tag}`,
    type: 'container',
    name: image,
    version: tag,
    description:
      'Pinned by digest when the image is built. The label org.opencontainers.image.base.name of an image has it.',
    purl: `pkg:docker/${path}@${tag}?repository_url=${host}`,
  }
}

/** A UUID of version 8 (RFC 9562), from the SHA-256 of the bill: the same content has the same number. */
const serialNumberOf = (bill: Bill): string => {
  const bytes = createHash('sha256').update(JSON.stringify(bill)).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString('hex')
  return `urn:uuid:${[0, 8, 12, 16, 20].map((from, index, all) => hex.slice(from, all[index + 1])).join('-')}`
}
