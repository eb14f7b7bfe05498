import { createHash, timingSafeEqual } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { compare } from 'bcryptjs'
import pLimit from 'p-limit'

/** With the pause below, the last of them waits five seconds at the highest cost that is taken. */
const MOST_WAITING = 4

/** After a computation nothing is computed for so many times as long as it took: logins get a fifth of the event loop. */
const PAUSE = 4

export type Checked = 'right' | 'wrong' | 'too-many'

/**
 * Checks passwords against bcrypt hashes by user name. bcrypt runs in the process that enforces: a password that was
 * right once is known again by its digest, the rest take turns, and beyond a few nobody is kept waiting.
 */
export const createPasswords = (hashes: ReadonlyMap<string, string>) => {
  /** At most one a user, so it cannot grow. */
  const digests = new Map<string, Buffer>()
  const turns = pLimit(1)
  const [anyHash = ''] = hashes.values()

  const compute = (password: string, hash: string) =>
    new Promise<boolean>((resolve, reject) => {
      turns(async () => {
        const startedAt = performance.now()
        resolve(await compare(password, hash))
        await setTimeout(PAUSE * (performance.now() - startedAt), undefined, { ref: false })
      }).catch(reject)
    })

  return {
    async check(user: string, password: string): Promise<Checked> {
      const digest = sha256(password)
      const known = digests.get(user)
      if (known !== undefined && timingSafeEqual(known, digest)) return 'right'
      if (turns.pendingCount >= MOST_WAITING) return 'too-many'
      const hash = hashes.get(user)
      // Nobody shall learn from how long it takes which names there are.
      const matches = await compute(password, hash ?? anyHash)
      if (hash === undefined || !matches) return 'wrong'
      digests.set(user, digest)
      return 'right'
    },
  }
}

export const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()
