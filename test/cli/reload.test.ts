import { appendFile, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DAY } from '../../src/domain/time/instant.ts'
import { workspace } from './curfew.ts'
import { curfewYaml, OFFICE, startOffice, terminateCalls } from './office.ts'

const POLICIES = `
version: 1
policies:
  - { name: leavers, kind: banned-users, usersFile: ./banned.txt, allowEmpty: true }
`

/** A daemon that watches an office with connections of alice, bob and carol, with a file of banned users and others. */
const startDaemon = async (banned: string, files: Readonly<Record<string, string>> = {}) => {
  const office = await startOffice()
  for (const username of ['alice', 'bob', 'carol']) office.world.connect({ endpointId: OFFICE, username })
  const here = await workspace({
    'curfew.yaml': curfewYaml('mode: enforce\npoll: { minGap: 1s }'),
    'policies.yaml': POLICIES,
    'banned.txt': banned,
    ...files,
  })
  const running = here.start(['run', '-c', 'curfew.yaml'], office.env)
  await running.untilLogged('decided')
  return {
    office,
    running,
    write: here.write,
    path: (name: string) => join(here.folder, name),
    untilEnded: (username: string) => running.untilLogged('termination', (line) => line.username === username),
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]()
      await office[Symbol.asyncDispose]()
      await here[Symbol.asyncDispose]()
    },
  }
}

describe.concurrent('a reload of a file of banned users', () => {
  it('reports how many entries were added and removed, and acts on them at once', async () => {
    await using daemon = await startDaemon('# nobody yet\nmallory\n')
    await daemon.write('banned.txt', 'alice\ntrudy\n')
    expect(await daemon.running.untilLogged('list-changed')).toMatchObject({ entries: 2, added: 2, removed: 1 })
    await daemon.untilEnded('alice')
    expect(terminateCalls(daemon.office)).toHaveLength(1)
    const trail = await readFile(daemon.path('data/audit.jsonl'), 'utf8')
    const [record] = trail.split('\n').filter((line) => line.includes('"event":"list-changed"'))
    expect(JSON.parse(record ?? '')).toMatchObject({
      policy: 'leavers',
      list: 'users',
      added: ['alice', 'trudy'],
      removed: ['mallory'],
    })
  })

  it('reads a file with which an editor replaced the old one', async () => {
    await using daemon = await startDaemon('mallory\n')
    await writeFile(daemon.path('.banned.txt.swp'), 'bob\n')
    await rename(daemon.path('.banned.txt.swp'), daemon.path('banned.txt'))
    expect(await daemon.untilEnded('bob')).toMatchObject({ policy: 'leavers' })
  })

  it('waits until a file is no longer being written, and never reads a part of it', async () => {
    await using daemon = await startDaemon('mallory\n')
    // A half-written list would ban `al*`. The writer writes for longer than the daemon waits between two checks.
    await writeFile(daemon.path('banned.txt'), 'al*')
    // The pauses are short against the daemon's second, so that a slow machine does not make the file stand still.
    for (let part = 0; part < 120; part++) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      await appendFile(daemon.path('banned.txt'), `${part}`)
    }
    await writeFile(daemon.path('banned.txt'), 'carol\n')
    await daemon.untilEnded('carol')
    expect(daemon.running.log().filter(({ event }) => event === 'reloaded')).toHaveLength(1)
    expect(terminateCalls(daemon.office)).toHaveLength(1)
  })

  it('refuses policies whose file is missing, keeps the last good ones, and loads them when it is back', async () => {
    await using daemon = await startDaemon('mallory\n')
    await rm(daemon.path('banned.txt'))
    const refused = await daemon.running.untilLogged('reload-refused')
    expect(JSON.stringify(refused.problems)).toContain('banned.txt')
    await daemon.write('banned.txt', 'mallory\nbob\n')
    await daemon.untilEnded('bob')
  })

  it('loads all files or none: a good list next to a broken policy changes nothing', async () => {
    await using daemon = await startDaemon('mallory\n')
    await daemon.write('policies.yaml', POLICIES.replace('leavers', '"leavers'))
    await daemon.write('banned.txt', 'alice\n')
    await daemon.running.untilLogged('reload-refused')
    expect(terminateCalls(daemon.office)).toEqual([])
    await daemon.write('policies.yaml', POLICIES)
    await daemon.untilEnded('alice')
  })
})

const BANNED = Array.from({ length: 40 }, (_, place) => `person-${place}`)

/** A daemon in the middle of a mass termination: one call a second leaves. */
const startCut = async (different: string) => {
  const office = await startOffice()
  for (const username of BANNED) office.world.connect({ endpointId: OFFICE, username })
  const rate = 'termination: { rate: { burst: 2, perSecond: 1 } }'
  const here = await workspace({
    'curfew.yaml': curfewYaml(`mode: enforce\n${rate}\n${different}`),
    'policies.yaml': BAN_ALL,
  })
  const running = here.start(['run', '-c', 'curfew.yaml'], office.env)
  await running.untilLogged('accepted')
  const { url } = await running.untilLogged('listening')
  return {
    office,
    running,
    write: here.write,
    toAudit: () => here.write('curfew.yaml', curfewYaml(`mode: audit\n${rate}\n${different}`)),
    page: async (path: string) => (await fetch(`${String(url)}${path}`)).text(),
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]()
      await office[Symbol.asyncDispose]()
      await here[Symbol.asyncDispose]()
    },
  }
}

const BAN_ALL = `
version: 1
policies:
  - { name: leavers, kind: banned-users, users: ["person-*"], guard: off }
`

describe.concurrent('a reload in the middle of a mass termination', () => {
  it('stops it with mode: audit, while AWS does not answer which endpoints there are', async () => {
    const more = 'poll: { requestTimeout: 60s }'
    await using daemon = await startCut(more)
    daemon.office.setFaults([{ fault: 'hang', actions: ['DescribeClientVpnEndpoints'], percent: 100, after: 0 }])
    await daemon.write(
      'curfew.yaml',
      curfewYaml(`mode: audit\n${more}`).replace('name: office }]', 'name: office }], discover: all'),
    )
    expect(await daemon.running.untilLogged('reloaded')).toMatchObject({ mode: 'audit', endpoints: [OFFICE] })
    expect(terminateCalls(daemon.office).length).toBeLessThan(BANNED.length)
    expect(JSON.parse(await daemon.page('/status'))).toMatchObject({
      mode: 'audit',
      lastReload: { outcome: 'taken' },
      endpoints: [{ terminate: 0 }],
    })
  })

  it('obeys mode: audit next to a broken policy, says so everywhere, and ends it with a sound configuration', async () => {
    await using daemon = await startCut('')
    await daemon.write('policies.yaml', BAN_ALL.replace('person-*', '*'))
    await daemon.running.untilLogged('reload-refused')
    expect(JSON.parse(await daemon.page('/status'))).toMatchObject({
      mode: 'enforce',
      lastReload: { outcome: 'refused', problems: 1 },
    })
    await daemon.toAudit()
    expect(await daemon.running.untilLogged('mode-obeyed')).toMatchObject({ level: 'warn', mode: 'audit' })
    const status = JSON.parse(await daemon.page('/status')) as object
    expect(status).toMatchObject({
      mode: 'audit',
      lastReload: { outcome: 'mode-only', problems: 1 },
      policies: [{ name: 'leavers' }],
      endpoints: [{ terminate: 0 }],
    })
    const metrics = await daemon.page('/metrics')
    for (const line of [
      'curfew_enforcing 0',
      'curfew_config_last_reload_successful 0',
      'curfew_config_reloads_total{outcome="mode-only"} 1',
      'curfew_policies{kind="banned-users",mode="audit"} 1',
    ]) {
      expect(metrics.split('\n')).toContain(line)
    }
    await daemon.write('policies.yaml', BAN_ALL)
    expect(await daemon.running.untilLogged('reloaded')).toMatchObject({ mode: 'audit' })
    expect(JSON.parse(await daemon.page('/status'))).toMatchObject({ lastReload: { outcome: 'taken' } })
  })
})

describe.concurrent('a reload of a policy with the abbreviation of a time zone', () => {
  it('is refused at its place, and the daemon continues', async () => {
    await using daemon = await startDaemon('mallory\n')
    const office = (zone: string) =>
      `${POLICIES}  - { name: office, kind: off-hours, timeZone: ${zone}, allowed: [{ hours: "00:00-24:00" }] }\n`
    await daemon.write('policies.yaml', office('BST'))
    const refused = await daemon.running.untilLogged('reload-refused')
    expect(JSON.stringify(refused.problems)).toContain('policies.yaml:5:')
    await daemon.write('policies.yaml', office('Europe/London'))
    await daemon.running.untilLogged('reloaded')
  })
})

describe.concurrent('a reload of a calendar', () => {
  const day = (offsetDays: number) =>
    new Date(Date.now() + offsetDays * DAY).toISOString().slice(0, 10).replaceAll('-', '')
  const holidays = (from: number, until: number) =>
    [
      'BEGIN:VCALENDAR',
      'BEGIN:VEVENT',
      `DTSTART;VALUE=DATE:${day(from)}`,
      `DTEND;VALUE=DATE:${day(until)}`,
      'END:VEVENT',
      'END:VCALENDAR',
    ].join('\r\n')

  it('ends the connections that its new dates no longer allow', async () => {
    await using daemon = await startDaemon('mallory\n', {
      'holidays.ics': holidays(30, 31),
      'policies.yaml': `${POLICIES.trimEnd()}
  - { name: always, kind: off-hours, timeZone: UTC, allowed: [{}], closed: [holidays], match: { users: [alice] } }
calendars: { holidays: { file: ./holidays.ics } }
`,
    })
    // The day before and the day after count too: midnight may pass.
    await daemon.write('holidays.ics', holidays(-1, 2))
    expect(await daemon.untilEnded('alice')).toMatchObject({ policy: 'always' })
  })
})
