import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

it.each(['deploy/debian/curfew', 'bin/curfew'])('%s limits semi-spaces and arenas as the image does', (file) => {
  const [image, start] = ['Dockerfile', file].map((one) => readFileSync(one, 'utf8'))
  const [, semiSpace] = /^ENTRYPOINT .*"(--max-semi-space-size=\d+)"/m.exec(image ?? '') ?? []
  const [, arenas] = /^ENV MALLOC_ARENA_MAX=(\d+)$/m.exec(image ?? '') ?? []
  expect(start).toMatch(new RegExp(`^exec \\S*node ${semiSpace} `, 'm'))
  expect(start).toContain(`\nexport MALLOC_ARENA_MAX="\${MALLOC_ARENA_MAX-${arenas}}"\n`)
})
