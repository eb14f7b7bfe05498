import { spawn } from 'node:child_process'
import { build } from 'esbuild'

// npm run bench -- [--quick] [--only NAME] [--rounds N] [--json]. The benchmarks are compiled first, as the released bundle
// is. A loader that compiles at run time keeps the name of every function, which costs more than some of the measured code.
const outfile = 'node_modules/.cache/curfew-bench/all.mjs'
await build({
  entryPoints: ['bench/all.ts'],
  outfile,
  bundle: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
})
spawn(process.execPath, [outfile, ...process.argv.slice(2)], { stdio: 'inherit' }).on('exit', (code) => {
  process.exitCode = code ?? 1
})
