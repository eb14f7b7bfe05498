import { appendFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { workspace } from './curfew.ts'
import { curfewYaml, OFFICE, startOffice, terminateCalls } from './office.ts'

const POLICIES = `
version: 1
policies:
  - { name: leavers, kind: banned-users, usersFile: ./banned.txt, allowEmpty: true }
`

/** A daemon that watches an office with connections of alice, bob and carol, and a file of banned users. */
const startDaemon = async (banned: string) => {
  const office = await startOffice()
  for (const username of ['alice', 'bob', 'carol']) office.world.connect({ endpointId: OFFICE, username })
  const here = await workspace({
    'curfew.yaml': curfewYaml('mode: enforce\npoll: { minGap: 1s }'),
    'policies.yaml': POLICIES,
    'banned.txt': banned,
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

describe('a reload of a file of banned users', () => {
  it('reports how many entries were added and removed, and acts on them at once', async () => {
    await using daemon = await startDaemon('# nobody yet\nmallory\n')
    await daemon.write('banned.txt', 'alice\ntrudy\n')
    expect(await daemon.running.untilLogged('users-file-changed')).toMatchObject({ entries: 2, added: 2, removed: 1 })
    await daemon.untilEnded('alice')
    expect(terminateCalls(daemon.office)).toHaveLength(1)
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
