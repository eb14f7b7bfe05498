import type { CommandGroup } from './command.ts'

export const connectHandler: CommandGroup = {
  actions: {
    try: {
      summary: 'show what the handler answers to a request of AWS, and why',
      load: async () => (await import('./connect-handler-try.ts')).connectHandlerTry,
    },
  },
}
