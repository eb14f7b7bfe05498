import { timingSafeEqual } from 'node:crypto'
import { createPasswords, sha256 } from './passwords.ts'

/** `too-many`: more logins at once than are checked. */
export const FAILED_LOGINS = ['refused', 'too-many'] as const
export type FailedLogin = (typeof FAILED_LOGINS)[number]

type Admission = 'admitted' | FailedLogin

/** Admits a user with the right password, or a client with the token. Admits every client if neither is configured. */
export const createLogins = (options: {
  /** bcrypt hashes by user name. */
  readonly users: Readonly<Record<string, string>> | undefined
  /** Called for each request, because the token can be renewed. */
  readonly token: () => string | undefined
}) => {
  const users = options.users === undefined ? undefined : createPasswords(new Map(Object.entries(options.users)))
  const isToken = (text: string) => {
    const token = options.token()
    return token !== undefined && timingSafeEqual(sha256(token), sha256(text))
  }

  return {
    /** The values of the `WWW-Authenticate` header. */
    challenges: (): string[] => [
      ...(users === undefined ? [] : ['Basic realm="Curfew", charset="UTF-8"']),
      ...(options.token() === undefined ? [] : ['Bearer realm="Curfew"']),
    ],

    /** `authorization` is the value of the `Authorization` header. */
    async admit(authorization: string | undefined): Promise<Admission> {
      if (users === undefined && options.token() === undefined) return 'admitted'
      const [, scheme = '', credentials = ''] = /^(\S+) +(\S+)$/.exec(authorization ?? '') ?? []
      if (scheme.toLowerCase() === 'bearer') return isToken(credentials) ? 'admitted' : 'refused'
      if (scheme.toLowerCase() !== 'basic' || users === undefined) return 'refused'
      const [, user, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(credentials, 'base64').toString()) ?? []
      if (user === undefined || password === undefined) return 'refused'
      const checked = await users.check(user, password)
      return checked === 'right' ? 'admitted' : checked === 'wrong' ? 'refused' : checked
    },
  }
}
