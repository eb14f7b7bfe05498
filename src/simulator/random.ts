import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import type { JumpableRandomGenerator } from 'pure-rand/types/JumpableRandomGenerator'
import type { Range } from './scenario.ts'

export interface Random {
  /** An integer in the range, both ends included. */
  within(range: Range): number
  /** The milliseconds until the next of independent events with a mean rate of `perMs` per millisecond; at least 1. */
  wait(perMs: number): number
  /** Lower-case hexadecimal digits, eight per word. */
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

/**
 * Three independent streams. The events of the world must depend neither on the number of requests nor on the faults.
 */
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
