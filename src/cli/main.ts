#!/usr/bin/env node
import module from 'node:module'
import { EXIT } from './command.ts'
import { runCommandLine } from './command-line.ts'

// From Node 22 on what was compiled once is kept, below the folder for temporary files; where it cannot be, nothing is lost.
;(module as { readonly enableCompileCache?: () => unknown }).enableCompileCache?.()

/** The SDK prints seven lines about Node 20 on stderr otherwise; the image runs Node 24. */
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'

// A reader such as `head` that closes the pipe early is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok)
  throw error
})

process.exitCode = await runCommandLine(process.argv.slice(2))
