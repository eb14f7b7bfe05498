import { createHash, timingSafeEqual } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { compare } from 'bcryptjs'
import pLimit from 'p-limit'

/** Checks in the queue. With the pause below, the last one waits five seconds at the highest accepted bcrypt cost. */
const MOST_WAITING = 4

/** The pause after each computation, as a multiple of its duration: logins get a fifth of the event loop. */
const PAUSE_FACTOR = 4

type Checked = 'right' | 'wrong' | 'too-many'

/**
 * Checks passwords against bcrypt hashes by user name. bcrypt runs in the same process as enforcement, so its time is
 * limited: a password that was right once is recognised by its digest, other checks run one at a time, and a check that
 * finds the queue full is answered `too-many`.
 */
export const createPasswords = (hashes: ReadonlyMap<string, string>) => {
  /** SHA-256 of the last right password, by user. At most one for each user, so the map stays bounded. */
  const digests = new Map<string, Buffer>()
  const queue = pLimit(1)
  const [anyHash = ''] = hashes.values()

  const compute = (password: string, hash: string) =>
    new Promise<boolean>((resolve, reject) => {
      queue(async () => {
        const startedAt = performance.now()
        resolve(await compare(password, hash))
        await setTimeout(PAUSE_FACTOR * (performance.now() - startedAt), undefined, { ref: false })
      }).catch(reject)
    })

  return {
    async check(user: string, password: string): Promise<Checked> {
      const digest = sha256(password)
      const known = digests.get(user)
      if (known !== undefined && timingSafeEqual(known, digest)) return 'right'
      if (queue.pendingCount >= MOST_WAITING) return 'too-many'
      const hash = hashes.get(user)
      // An unknown user costs the same time as a known one, so that the time does not reveal which names exist.
      const matches = await compute(password, hash ?? anyHash)
      if (hash === undefined || !matches) return 'wrong'
      digests.set(user, digest)
      return 'right'
    },
  }
}

export const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()
