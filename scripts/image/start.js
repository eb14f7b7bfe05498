// The ENTRYPOINT of the image. Some agents inject code into every container through a variable that Node obeys. Here such
// code would run beside the credentials, so Curfew does not start. Node has obeyed already, but nothing secret is loaded.
import { createRequire } from 'node:module'
import { load, url } from './load.js'

const REFUSED = ['NODE_OPTIONS', 'NODE_TLS_REJECT_UNAUTHORIZED']

for (const name of REFUSED) {
  if (process.env[name] === undefined || process.env[name] === '') continue
  console.error(
    `curfew: ${name} is set, which changes what this program runs or trusts: remove it. Options of Node belong into the ENTRYPOINT`,
  )
  process.exit(1)
}

const script = load()
script.runInThisContext()(createRequire(url), url.href)
