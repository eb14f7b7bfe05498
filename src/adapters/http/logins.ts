import { timingSafeEqual } from 'node:crypto'
import { createPasswords, sha256 } from './passwords.ts'

export type Admission = 'in' | 'refused' | 'too-many'

/** Who may read: a user with a password, or whoever has the token; everybody if neither is asked for. */
export const createLogins = (options: {
  /** bcrypt hashes by name. */
  readonly users: Readonly<Record<string, string>> | undefined
  /** Asked each time, for it may be renewed. */
  readonly token: () => string | undefined
}) => {
  const users = options.users === undefined ? undefined : createPasswords(new Map(Object.entries(options.users)))
  const isToken = (text: string) => {
    const token = options.token()
    return token !== undefined && timingSafeEqual(sha256(token), sha256(text))
  }

  return {
    /** For `WWW-Authenticate`. */
    challenges: (): string[] => [
      ...(users === undefined ? [] : ['Basic realm="Curfew", charset="UTF-8"']),
      ...(options.token() === undefined ? [] : ['Bearer realm="Curfew"']),
    ],

    /** `authorization` is the header of that name. */
    async admit(authorization: string | undefined): Promise<Admission> {
      if (users === undefined && options.token() === undefined) return 'in'
      const [, scheme = '', credentials = ''] = /^(\S+) +(\S+)$/.exec(authorization ?? '') ?? []
      if (scheme.toLowerCase() === 'bearer') return isToken(credentials) ? 'in' : 'refused'
      if (scheme.toLowerCase() !== 'basic' || users === undefined) return 'refused'
      const [, user, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(credentials, 'base64').toString()) ?? []
      if (user === undefined || password === undefined) return 'refused'
      const checked = await users.check(user, password)
      return checked === 'right' ? 'in' : checked === 'wrong' ? 'refused' : checked
    },
  }
}
