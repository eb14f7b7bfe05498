import { join } from 'node:path'
import { build } from 'esbuild'
import { createFolder } from './folder.ts'

/** Bundles a source with all its imports into one file of JavaScript, so that no compiler runs during a measurement. */
export const bundled = async (
  source: string,
  external: string[] = [],
): Promise<{ readonly file: string } & Disposable> => {
  const folder = createFolder()
  const file = join(folder.path, 'bundle.mjs')
  await build({
    entryPoints: [source],
    outfile: file,
    bundle: true,
    format: 'esm',
    external,
    platform: 'node',
    target: 'node20',
    mainFields: ['module', 'main'],
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  })
  return { file, [Symbol.dispose]: () => folder[Symbol.dispose]() }
}
