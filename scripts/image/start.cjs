// The ENTRYPOINT of the image. Some agents inject code into every container through a variable that Node obeys. Here such
// code would run beside the credentials, so Curfew does not start. Node has obeyed already, but nothing secret is loaded.
// A module of CommonJS, because Node starts one 4 ms sooner.
const { fileOf, load, run } = require('./load.cjs')

const REFUSED = ['NODE_OPTIONS', 'NODE_TLS_REJECT_UNAUTHORIZED']

for (const name of REFUSED) {
  if (process.env[name] === undefined || process.env[name] === '') continue
  console.error(
    `curfew: ${name} is set, which changes what this program runs or trusts: remove it. Options of Node belong into the ENTRYPOINT`,
  )
  process.exit(1)
}

const file = fileOf(process.argv[2])
run(file, load(file))
