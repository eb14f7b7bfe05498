import * as z from 'zod'

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
}

type ParsedSize = { readonly bytes: number } | { readonly problem: string }

/** Reads `50KiB`, `10GiB` or `5MB`: a whole number and a unit. With an `i` it is a power of 1024, else of 1000. */
export const parseSize = (text: string): ParsedSize => {
  const [, count, unit = ''] = /^(\d+)([KMGT]i?B|B)$/.exec(text) ?? []
  if (count === undefined) {
    return { problem: `"${text}" is not a size: write a whole number and a unit, such as 50KiB, 10GiB or 5MB` }
  }
  const bytes = Number(count) * (UNITS[unit] ?? 1)
  if (!Number.isSafeInteger(bytes)) return { problem: `"${text}" is too large: write at most 8191TiB` }
  return { bytes }
}

/** A number of bytes for people, with at most one decimal. The unit is the largest power of 1024 that fits. */
export const formatSize = (bytes: number): string => {
  const [unit, size] = Object.entries(UNITS).findLast(([name, of]) => !/^[KMGT]B$/.test(name) && bytes >= of) ?? [
    'B',
    1,
  ]
  return `${Math.round((bytes / size) * 10) / 10}${unit}`
}

/** A size in YAML, greater than zero. Its parsed value is in bytes. */
export const size = z
  .string()
  .transform((text, context): number => {
    const parsed = parseSize(text)
    if ('bytes' in parsed && parsed.bytes > 0) return parsed.bytes
    const message = 'problem' in parsed ? parsed.problem : `"${text}" is zero: write a size greater than zero`
    context.issues.push({ code: 'custom', message, input: text })
    return z.NEVER
  })
  .meta({ description: 'A size: 50KiB, 10GiB, 5MB.', examples: ['10GiB'] })
