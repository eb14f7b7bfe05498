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

/** A daemon that watches an office in which alice, bob and carol sit, with a list of bans in a file. */
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

describe('a reload of a list of bans', () => {
  it('says how many entries added and removed, and acts on them at once', async () => {
    await using daemon = await startDaemon('# nobody yet\nmallory\n')
    await daemon.write('banned.txt', 'alice\ntrudy\n')
    expect(await daemon.running.untilLogged('users-file-changed')).toMatchObject({ entries: 2, added: 2, removed: 1 })
    await daemon.untilEnded('alice')
    expect(terminateCalls(daemon.office)).toHaveLength(1)
  })

  it('takes a file that an editor put in the place of the old one', async () => {
    await using daemon = await startDaemon('mallory\n')
    await writeFile(daemon.path('.banned.txt.swp'), 'bob\n')
    await rename(daemon.path('.banned.txt.swp'), daemon.path('banned.txt'))
    expect(await daemon.untilEnded('bob')).toMatchObject({ policy: 'leavers' })
  })

  it('waits until a file that is being written stands still, and never takes a half of it', async () => {
    await using daemon = await startDaemon('mallory\n')
    // A half-written list would ban `al*`; the writer is busy for longer than the daemon looks.
    await writeFile(daemon.path('banned.txt'), 'al*')
    for (let part = 0; part < 6; part++) {
      await new Promise((resolve) => setTimeout(resolve, 400))
      await appendFile(daemon.path('banned.txt'), `${part}`)
    }
    await writeFile(daemon.path('banned.txt'), 'carol\n')
    await daemon.untilEnded('carol')
    expect(daemon.running.log().filter(({ event }) => event === 'reloaded')).toHaveLength(1)
    expect(terminateCalls(daemon.office)).toHaveLength(1)
  })

  it('refuses a set whose list is gone, keeps the last good one, and takes it again when it is back', async () => {
    await using daemon = await startDaemon('mallory\n')
    await rm(daemon.path('banned.txt'))
    const refused = await daemon.running.untilLogged('reload-refused')
    expect(JSON.stringify(refused.problems)).toContain('banned.txt')
    await daemon.write('banned.txt', 'mallory\nbob\n')
    await daemon.untilEnded('bob')
  })

  it('swaps in all files or none: a good list beside a broken policy changes nothing', async () => {
    await using daemon = await startDaemon('mallory\n')
    await daemon.write('policies.yaml', POLICIES.replace('leavers', '"leavers'))
    await daemon.write('banned.txt', 'alice\n')
    await daemon.running.untilLogged('reload-refused')
    expect(terminateCalls(daemon.office)).toEqual([])
    await daemon.write('policies.yaml', POLICIES)
    await daemon.untilEnded('alice')
  })
})
