import type { CommandGroup } from './command.ts'

export const engine: CommandGroup = {
  actions: {
    prune: {
      summary: 'remove old months of the trail from the database, and keep an anchor of what was removed',
      load: async () => (await import('./engine-prune.ts')).enginePrune,
    },
  },
}
