#!/usr/bin/env node
import module from 'node:module'
import { faultText } from '../app/fault.ts'
import { complain, EXIT } from './command.ts'
import { runCommandLine } from './command-line.ts'
import { exit } from './exit.ts'

// Node 22 and later cache compiled code in the folder for temporary files. If they cannot, the start is only slower.
;(module as { readonly enableCompileCache?: () => unknown }).enableCompileCache?.()

/** The time that work has to end after the command has ended. */
const LEFT_BEHIND_MS = 1000

/** Without this the SDK prints seven lines about Node 20 on stderr. The image runs Node 24. */
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'

// The SDK's HTTP client for credentials warns on the console of slow answers. The call that waits reports them.
Object.assign(console, { warn: () => {} })

process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  // A reader such as `head` may close the pipe early. This is not an error.
  if (code === 'EPIPE') process.exit(EXIT.ok)
  complain(`curfew: the output is incomplete, because standard output cannot be written (${message})`)
  process.exit(EXIT.failed)
})
// A message that cannot be written to standard error cannot be reported anywhere. It must not end the process.
process.stderr.on('error', () => {})

// Node opens a debugger on SIGUSR1, and its port gives every program of this host the credentials. A listener replaces
// that, in Node 20 and 24. The image also closes the moment before this line, with a flag that Node 20 lacks.
process.on('SIGUSR1', () => {})

// Node would print the line of the bundle that threw, which is longer than what a pipe holds.
process.on('uncaughtException', (error) => {
  complain(`curfew: ${faultText(error)}`)
  process.exit(EXIT.failed)
})

process.exitCode = await runCommandLine(process.argv.slice(2))
// A request or a process that nobody waits for any more, such as a search for credentials, must not keep this process.
// A device that is full refuses even an empty text, so none is written where nothing waits.
const leave = () => setTimeout(() => exit(), LEFT_BEHIND_MS).unref()
if (process.stdout.writableLength === 0) leave()
else process.stdout.write('', leave)
