import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'

const UNIT = 'deploy/systemd/curfew.service'

const analyze = (...args: readonly string[]) =>
  execFileSync('/usr/bin/systemd-analyze', [...args, UNIT], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

describe('the unit of systemd', () => {
  it('leaves little exposed', () => {
    const overall = analyze('security', '--offline=true', '--no-pager').trim().split('\n').at(-1) ?? ''
    const [, exposure = '10'] = /^→ Overall exposure level for curfew\.service: ([\d.]+) /.exec(overall) ?? []
    expect(Number(exposure)).toBeLessThan(2)
  })
})
