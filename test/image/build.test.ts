import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'

describe('scripts/image/build.sh', () => {
  it.each(['curfew:1.2.3', 'docker.io/library/curfew', 'localhost', 'localhost/', 'notlocalhost/curfew', ''])(
    'refuses to build on stand-ins under the name %j, which could be pushed',
    (name) => {
      const { status, stdout, stderr } = spawnSync('bash', ['scripts/image/build.sh', name], { encoding: 'utf8' })
      expect(stderr).toContain(`"${name}" is not a name for tests: expected localhost/NAME`)
      expect(stderr).toContain('docs/container.md')
      expect([status, stdout]).toEqual([64, ''])
    },
  )
})
