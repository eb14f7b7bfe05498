import { inflateRawSync } from 'node:zlib'

const END_OF_DIRECTORY = 0x06_05_4b_50
const STORED = 0

/** The bytes of one file in a zip archive of less than 4 GB. Source: PKWARE's APPNOTE.TXT, 4.3.7, 4.3.12 and 4.3.16. */
export const zipEntry = (zip: Buffer, name: string): Buffer => {
  let end = zip.length - 22
  while (zip.readUInt32LE(end) !== END_OF_DIRECTORY) end--
  let at = zip.readUInt32LE(end + 16)
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => zip.readUInt16LE(at + offset)) as [
      number,
      number,
      number,
    ]
    if (zip.toString('utf8', at + 46, at + 46 + nameLength) === name) {
      const local = zip.readUInt32LE(at + 42)
      const data = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28)
      const bytes = zip.subarray(data, data + zip.readUInt32LE(at + 20))
      return zip.readUInt16LE(at + 10) === STORED ? bytes : inflateRawSync(bytes)
    }
    at += 46 + nameLength + extraLength + commentLength
  }
  throw new Error(`the archive does not contain ${name}`)
}
