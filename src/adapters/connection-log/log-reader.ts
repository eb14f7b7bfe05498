import type { Lines } from './lines-read.ts'

/** Reads the lines of one log, which is pushed chunk by chunk. */
export const createLogReader = (name: string, lines: Lines) => {
  let carried: Buffer = Buffer.alloc(0)
  let number = 0
  const takeLine = (bytes: Buffer, from: number, to: number) => {
    number++
    const text = bytes.toString('utf8', from, to)
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      if (text.trim() !== '') lines.fail(name, number, 'it is no JSON')
      return
    }
    lines.take(value, name, number)
  }
  return {
    push(chunk: Buffer) {
      const bytes = carried.length === 0 ? chunk : Buffer.concat([carried, chunk])
      let from = 0
      for (let end = bytes.indexOf(10, carried.length); end !== -1; end = bytes.indexOf(10, from)) {
        takeLine(bytes, from, end)
        from = end + 1
      }
      carried = bytes.subarray(from)
    },
    end() {
      if (carried.length > 0) takeLine(carried, 0, carried.length)
    },
  }
}
