import { fuzzRuns } from './fuzz-runs.ts'

/** Copies of some bytes in each of which one bit is turned, evenly spread: one of so many bits, or all of them in a long run. */
export function* turnedBits(
  bytes: Uint8Array,
  oneOf: number,
): Generator<{ readonly place: number; readonly turned: Buffer }> {
  // Odd, so that every bit of a byte has its turn.
  const step = Math.floor(oneOf / fuzzRuns(1)) | 1
  for (let index = 0; index < 8 * bytes.length; index += step) {
    const place = index >> 3
    const turned = Buffer.from(bytes)
    turned[place] = (turned[place] ?? 0) ^ (1 << (index & 7))
    yield { place, turned }
  }
}
