import type { CommandGroup } from './command.ts'

export const connectHandler: CommandGroup = {
  actions: {
    build: {
      summary: 'write the client connect handler as a zip for Lambda, with the policies in it',
      load: async () => (await import('./connect-handler-build.ts')).connectHandlerBuild,
    },
    try: {
      summary: 'show what the handler answers to a request of AWS, and why',
      load: async () => (await import('./connect-handler-try.ts')).connectHandlerTry,
    },
  },
}
