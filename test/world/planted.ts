import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import type { Plant } from './plants.ts'

const put = ({ file, text, instead }: Plant): Plugin => ({
  name: 'plant',
  setup({ onLoad }) {
    const path = join(process.cwd(), 'src', file)
    onLoad({ filter: /\/src\/.*\.ts$/ }, async (asked) => {
      if (asked.path !== path) return undefined
      const source = await readFile(path, 'utf8')
      const [before, after, ...more] = source.split(text)
      if (before === undefined || after === undefined || more.length > 0)
        throw new Error(`"${text}" does not stand once in ${file}: the plant must follow the code`)
      return { contents: `${before}${instead}${after}`, loader: 'ts' }
    })
  },
})

/** The search through worlds as one file, with the bug in it or, without one, as it is. */
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
    plugins: plant === undefined ? [] : [put(plant)],
  })
