import { spawn } from 'node:child_process'
import { build } from 'esbuild'

// npm run bench -- [--quick] [--only NAME] [--rounds N] [--json]. Compiled once beforehand, as what ships is: a loader that
// compiles on the way keeps every function's name, which costs more than some of what is measured.
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
