#!/usr/bin/env node
import module from 'node:module'
import { EXIT } from './command.ts'
import { runCommandLine } from './command-line.ts'

// Node 22 and later cache compiled code in the folder for temporary files. If they cannot, the start is only slower.
;(module as { readonly enableCompileCache?: () => unknown }).enableCompileCache?.()

/** Without this the SDK prints seven lines about Node 20 on stderr. The image runs Node 24. */
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'

// A reader such as `head` may close the pipe early. This is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok)
  throw error
})

process.exitCode = await runCommandLine(process.argv.slice(2))
