import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'

/** A source and all it imports as one file of JavaScript, so that no compiler runs while something is measured. */
export const bundled = async (source: string): Promise<{ readonly file: string } & Disposable> => {
  const folder = mkdtempSync(join(tmpdir(), 'curfew-bench-'))
  const file = join(folder, 'bundle.mjs')
  await build({
    entryPoints: [source],
    outfile: file,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    mainFields: ['module', 'main'],
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  })
  return { file, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}
