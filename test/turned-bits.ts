import { fuzzRuns } from './fuzz-runs.ts'

/**
 * Yields copies of some bytes, each with one bit flipped. The bits are spread evenly: every `oneOf`-th bit, or with
 * CURFEW_FUZZ_RUNS accordingly more. `place` is the index of the changed byte.
 */
export function* turnedBits(
  bytes: Uint8Array,
  oneOf: number,
): Generator<{ readonly place: number; readonly turned: Buffer }> {
  // An odd step reaches all eight bits of a byte.
  const step = Math.floor(oneOf / fuzzRuns(1)) | 1
  for (let index = 0; index < 8 * bytes.length; index += step) {
    const place = index >> 3
    const turned = Buffer.from(bytes)
    turned[place] = (turned[place] ?? 0) ^ (1 << (index & 7))
    yield { place, turned }
  }
}
