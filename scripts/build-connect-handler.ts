import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import * as zod from 'zod'

/** Bytes, before compression: 0.1 MB, of which half are Temporal. A cold start reads and compiles all of it. */
const LARGEST = 152_000

/** The name under which the code of the handler is found. `src/adapters/door/handler-zip.ts` writes the file around it. */
const GLOBAL_NAME = 'curfewConnectHandler'

/**
 * Leaves out what no request needs. Schemas check YAML, and the handler has rules that were checked: a definition of a
 * schema gives nothing, and to parse with it throws. The hint that two names look alike is for operators.
 */
const leaveOutChecks: Plugin = {
  name: 'leave-out-checks',
  setup(bundler) {
    bundler.onResolve({ filter: /^(?:zod|unicode-confusables)$/ }, ({ path }) => ({ path, namespace: 'left-out' }))
    bundler.onLoad({ filter: /^zod$/, namespace: 'left-out' }, () => {
      const names = Object.keys(zod).filter((name) => name !== 'default')
      return {
        contents: `const get = (_, name) => {
  if (/parse/i.test(String(name))) throw new Error('the connect handler has no schemas')
  return nothing
}
const nothing = new Proxy(() => nothing, { get })
export { ${names.map((name) => `nothing as ${name}`).join(', ')} }`,
      }
    })
    bundler.onLoad({ filter: /./, namespace: 'left-out' }, ({ path }) => ({
      contents: `export const rectifyConfusion = () => { throw new Error('${path} is not in the connect handler') }`,
    }))
  },
}

/** Whatever runs in the handler beside Curfew's own code. */
const PACKAGES = ['devalue', 'ipaddr.js', 'temporal-polyfill', 'temporal-utils']

/**
 * Writes the code of the client connect handler: a script for any Node from 20 on, without any import. Throws if something is
 * in it that does not belong there.
 */
export const buildConnectHandler = async (root: string, outfile: string, readable: boolean) => {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/door/lambda.ts'],
    outfile,
    bundle: true,
    format: 'iife',
    globalName: GLOBAL_NAME,
    platform: 'node',
    target: 'node20',
    mainFields: ['module', 'main'],
    minifyWhitespace: true,
    minifySyntax: true,
    minifyIdentifiers: !readable,
    // THIRD-PARTY-LICENSES.txt has the licences.
    legalComments: 'none',
    plugins: [leaveOutChecks],
    metafile: true,
    logLevel: 'warning',
  })
  const [output] = Object.values(metafile.outputs)
  if (output === undefined) throw new Error('esbuild wrote no connect handler')
  const imports = output.imports.map(({ path }) => path)
  if (imports.length > 0) throw new Error(`The connect handler imports ${imports.join(', ')}, expected no import`)
  const foreign = Object.keys(output.inputs).filter((path) => !isAllowed(path))
  if (foreign.length > 0) {
    throw new Error(
      `The connect handler contains ${foreign.join(', ')}: only domain, door and ${PACKAGES.join(', ')} may be in it`,
    )
  }
  if (output.bytes > LARGEST && !readable) {
    throw new Error(
      `The connect handler has ${output.bytes} bytes, expected at most ${LARGEST}: see what a change of src/domain brought`,
    )
  }
  return metafile
}

const isAllowed = (path: string): boolean =>
  /^(?:src\/(?:domain|door)\/|left-out:)/.test(path) ||
  PACKAGES.some((name) => path.includes(`${join('node_modules', name)}/`))
