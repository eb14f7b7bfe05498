import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { PLANTS, type Plant } from './plants.ts'

const PLANTS_FILE = join(process.cwd(), 'test/world/plants.ts')

/** Replaces an export by its plant, for every importing module except the file of plants. */
const replaceExport = ({ file, name }: Plant, index: number): Plugin => ({
  name: 'plant',
  setup({ onResolve, onLoad, resolve }) {
    const path = join(process.cwd(), 'src', file)
    onResolve({ filter: /\.ts$/ }, async ({ path: asked, importer, resolveDir, kind, namespace, pluginData }) => {
      if (pluginData === 'resolving' || namespace === 'planted' || importer === PLANTS_FILE) return undefined
      const found = await resolve(asked, { importer, resolveDir, kind, pluginData: 'resolving' })
      return found.path === path ? { path, namespace: 'planted' } : undefined
    })
    onLoad({ filter: /.*/, namespace: 'planted' }, () => ({
      contents: `
        import * as original from ${JSON.stringify(path)}
        import { PLANTS } from ${JSON.stringify(PLANTS_FILE)}
        export * from ${JSON.stringify(path)}
        export const ${name} = PLANTS[${index}].instead(original.${name})`,
      resolveDir: process.cwd(),
    }))
  },
})

/** Bundles `run.ts` into one file, with the planted bug if one is given. */
export const bundleSearch = (outfile: string, plant?: Plant) =>
  build({
    entryPoints: ['test/world/run.ts'],
    outfile,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'silent',
    plugins: plant === undefined ? [] : [replaceExport(plant, PLANTS.indexOf(plant))],
  })
