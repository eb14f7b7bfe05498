import type { CommandGroup } from './command.ts'

export const engine: CommandGroup = {
  actions: {
    status: {
      summary: 'show which replica holds which account and Region, as the database knows it',
      load: async () => (await import('./engine-status.ts')).engineStatus,
    },
    migrate: {
      summary: 'make the tables of this program in the database, or print their SQL',
      load: async () => (await import('./engine-migrate.ts')).engineMigrate,
    },
    accept: {
      summary: 'go on with a database that was restored from an older backup, or copied',
      load: async () => (await import('./engine-accept.ts')).engineAccept,
    },
    prune: {
      summary: 'remove old months of the trail from the database, and keep an anchor of what was removed',
      load: async () => (await import('./engine-prune.ts')).enginePrune,
    },
  },
}
