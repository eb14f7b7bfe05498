import { chmodSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { build, type Plugin } from 'esbuild'

/** A script has no `await` at its top, so an async function runs the command. The exit code is 13, as Node's, if it never settles. */
const withoutAwait = (main: string): Plugin => ({
  name: 'without-await',
  setup(bundler) {
    bundler.onLoad({ filter: /[\\/]main\.mjs$/ }, ({ path }) => {
      const [, before, after] = /^([\s\S]*)process\.exitCode=await ([\s\S]*)$/.exec(readFileSync(path, 'utf8')) ?? []
      if (path !== realpathSync(main) || before === undefined) throw new Error(`${path} does not wait for its command`)
      return { contents: `${before}process.exitCode=13;(async()=>{process.exitCode=await ${after}})()` }
    })
  },
})

/** Leaves out the other commands, for the script of one. A command loads none of the others. */
const onlyCommand = (command: string): Plugin => ({
  name: 'only-command',
  setup(bundler) {
    bundler.onResolve({ filter: /[\\/]chunks[\\/]/ }, ({ kind, path, importer }) =>
      kind === 'dynamic-import' && importer.endsWith('main.mjs') && !path.includes(`/${command}-`)
        ? { path, external: true }
        : undefined,
    )
  },
})

/**
 * Joins the files of a bundle into one script: a function of `require` and of the URL of the script. V8 takes compiled code
 * only with a script, and one file is read faster than ninety. Text is ASCII, so that V8 keeps a byte for each character.
 * With `command` the script has no other one.
 */
export const joinFiles = async (
  main: string,
  outfile: string,
  { readable, command }: { readonly readable: boolean; readonly command?: string },
): Promise<void> => {
  await build({
    entryPoints: [main],
    outfile,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minifyWhitespace: true,
    minifySyntax: true,
    minifyIdentifiers: !readable,
    // The folder of the bundle must not matter.
    tsconfigRaw: {},
    // A script has no `import()`. Templates would keep characters that are not ASCII.
    supported: { 'dynamic-import': false, 'template-literal': false },
    define: { 'import.meta.url': '__url' },
    banner: { js: "(function (require, __url) { 'use strict';" },
    footer: { js: '})' },
    plugins: [withoutAwait(main), ...(command === undefined ? [] : [onlyCommand(command)])],
    logLevel: 'warning',
  })
  // What is left is in regular expressions, where an escape is the same.
  const escaped = readFileSync(outfile, 'utf8')
    .replace(/^#!.*\n/, '')
    .replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  writeFileSync(outfile, escaped)
  chmodSync(outfile, 0o644)
}
