/** Compressed files by their first bytes: a name may be wrong. */
const COMPRESSIONS: ReadonlyArray<{ readonly magic: string; readonly program: string }> = [
  { magic: '1f8b', program: 'gzip' },
  { magic: '28b52ffd', program: 'zstd' },
  { magic: 'fd377a585a00', program: 'xz' },
  { magic: '425a68', program: 'bzip2' },
  { magic: '04224d18', program: 'lz4' },
  { magic: '504b0304', program: 'zip' },
]

export const LONGEST_MAGIC_BYTES = 6

/** The program that has compressed data with these first bytes, as far as Curfew knows it. */
export const compressionOf = (beginning: Buffer): string | undefined => {
  const found = beginning.toString('hex', 0, LONGEST_MAGIC_BYTES)
  return COMPRESSIONS.find(({ magic }) => found.startsWith(magic))?.program
}
