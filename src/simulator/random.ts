import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import type { JumpableRandomGenerator } from 'pure-rand/types/JumpableRandomGenerator'
import type { Range } from './scenario.ts'

export interface Random {
  /** A whole number of the range, both ends included. */
  within(range: Range): number
  /** The wait for the next of events that come `perMs` times a millisecond, independent of each other; at least 1 ms. */
  wait(perMs: number): number
  /** Lower-case hexadecimal digits, eight for each of `words`. */
  hex(words: number): string
}

const randomFrom = (generator: JumpableRandomGenerator): Random => ({
  within: ({ from, to }) => uniformInt(generator, from, to),
  wait: (perMs) => Math.max(1, Math.round(-Math.log(1 - uniformFloat64(generator)) / perMs)),
  hex(words) {
    let digits = ''
    for (let word = 0; word < words; word++) digits += (generator.next() >>> 0).toString(16).padStart(8, '0')
    return digits
  },
})

/** Streams that never meet: what the world does must not depend on how often it is looked at, nor on what goes wrong. */
export const createRandom = (
  seed: number,
): { readonly world: Random; readonly requests: Random; readonly faults: Random } => {
  const world = xoroshiro128plus(seed)
  const requests = world.clone()
  requests.jump()
  const faults = requests.clone()
  faults.jump()
  return { world: randomFrom(world), requests: randomFrom(requests), faults: randomFrom(faults) }
}
