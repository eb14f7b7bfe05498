import type { PostgresSettings } from '../config/configuration.ts'
import { stringOf } from './command.ts'
import type { DatabaseSettings } from './compose-database.ts'

/** The option of a command that changes the tables: the daemon's role may not. */
export const OWNER_OPTION = {
  'owner-url': {
    value: 'VARIABLE',
    summary:
      "the environment variable with the URL of the database for the owner of its tables; without it the URL of the daemon's file is used",
  },
} as const

/** The settings with which the owner signs in. */
export const asOwner = (settings: PostgresSettings, option: Parameters<typeof stringOf>[0]): DatabaseSettings => {
  const variable = stringOf(option)
  // The owner has a password: the token of IAM is for the daemon's role.
  return variable === undefined
    ? settings
    : { ...settings, url: { env: variable }, urlName: '--owner-url', iam: undefined }
}
