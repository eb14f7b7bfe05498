import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

it.each(['deploy/debian/curfew', 'bin/curfew'])(
  '%s limits semi-spaces and what glibc keeps as the image does',
  (file) => {
    const [image, start] = ['Dockerfile', file].map((one) => readFileSync(one, 'utf8'))
    const [, semiSpace] = /^ENTRYPOINT .*"(--max-semi-space-size=\d+)"/m.exec(image ?? '') ?? []
    const variables = [...(image ?? '').matchAll(/^ENV (MALLOC_\w+)=(\d+)$/gm)]
    expect(start).toMatch(new RegExp(`^exec \\S*node ${semiSpace} `, 'm'))
    const exports = [...(start ?? '').matchAll(/^export MALLOC_.*$/gm)].map(([line]) => line)
    expect(exports).toEqual(variables.map(([, name, value]) => `export ${name}="\${${name}-${value}}"`))
    expect(exports).not.toEqual([])
  },
)
