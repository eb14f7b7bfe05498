import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folder, idsOf, readChain } from './chain.ts'
import { Keeper } from './processes.ts'

describe('a process that is killed while it writes', () => {
  it('leaves a whole chain with every record that it acknowledged, twenty times in a row', async () => {
    using at = folder()
    const acknowledged: string[] = []
    for (let round = 0; round < 20; round++) {
      await using keeper = new Keeper()
      expect(await keeper.ask({ do: 'open', file: at.file, rotateAtBytes: 5000 })).toEqual({ done: at.file })
      keeper.send({ do: 'write-on', prefix: `r${round}` })
      while (keeper.answers.length < 2 + ((round * 37) % 90)) await keeper.answer()
      await keeper.kill()
      for (const answer of keeper.answers.slice(1)) acknowledged.push('done' in answer ? answer.done : 'failed')
    }
    await using last = new Keeper()
    expect(await last.ask({ do: 'open', file: at.file })).toEqual({ done: at.file })
    const found = new Set(idsOf(readChain(at.file)))
    expect(acknowledged.length).toBeGreaterThan(500)
    expect(acknowledged.filter((id) => !found.has(id))).toEqual([])
    expect(readdirSync(at.path).filter((name) => /\d+-\d+$/.test(name)).length).toBeGreaterThan(5)
  })
})

describe('a file at its size limit', () => {
  it('refuses records until the limit is lifted, and then continues without a gap', async () => {
    using at = folder()
    // The soft limit on the file size, in blocks of 512 bytes. It makes writes incomplete, like a full disk.
    await using keeper = new Keeper('ulimit -S -f 8')
    expect(await keeper.ask({ do: 'open', file: at.file })).toEqual({ done: at.file })
    const written: string[] = []
    let failure: unknown
    while (failure === undefined) {
      const ids = [0, 1, 2, 3].map((index) => `c${written.length + index}`)
      const answer = await keeper.ask({ do: 'write', ids })
      if ('done' in answer) written.push(...ids)
      else failure = answer
    }
    expect(failure).toMatchObject({ failed: 'unwritable' })
    expect(written.length).toBeGreaterThan(4)
    expect(idsOf(readChain(at.file))).toEqual(written)
    expect(statSync(at.file).size).toBeLessThan(8 * 512)

    expect(await keeper.ask({ do: 'write', ids: ['no', 'nor', 'this', 'one'] })).toMatchObject({ failed: 'unwritable' })
    execFileSync('sh', ['-c', `prlimit --pid ${keeper.child.pid} --fsize=unlimited:`])
    expect(await keeper.ask({ do: 'write', ids: ['again'] })).toEqual({ done: 'again' })
    expect(idsOf(readChain(at.file))).toEqual([...written, 'again'])
  })
})

/** The result writes the lock of a killed process beside a file. */
const lockOfKilledProcess = async () => {
  using at = folder()
  await using keeper = new Keeper()
  await keeper.ask({ do: 'open', file: at.file })
  await keeper.kill()
  const text = readFileSync(`${at.file}.lock`)
  return (file: string) => {
    mkdirSync(dirname(file))
    writeFileSync(`${file}.lock`, text)
  }
}

describe('two processes that open the same file', () => {
  it('never both succeed, in fifty rounds, with and without the lock of a dead process', async () => {
    using at = folder()
    await using one = new Keeper()
    await using other = new Keeper()
    const leaveLock = await lockOfKilledProcess()
    for (let round = 0; round < 50; round++) {
      const file = join(at.path, String(round), 'audit.jsonl')
      if (round % 2 === 1) leaveLock(file)
      const answers = await Promise.all([one, other].map((keeper) => keeper.ask({ do: 'open', file })))
      const [winner, loser] = 'done' in (answers[0] ?? {}) ? [one, other] : [other, one]
      const failed = answers.filter((answer) => 'failed' in answer)
      expect(failed).toMatchObject([{ failed: 'locked' }])
      expect(failed[0]?.message).toContain(`process ${winner.child.pid} `)
      expect(await winner.ask({ do: 'write', ids: ['a'] })).toEqual({ done: 'a' })
      expect(await winner.ask({ do: 'close' })).toEqual({ done: '' })
      expect(loser.child.exitCode).toBeNull()
      expect(readdirSync(join(at.path, String(round)))).toEqual(['audit.jsonl'])
    }
  })

  it('learn the holder from the message, and the second one succeeds after the first has died', async () => {
    using at = folder()
    await using first = new Keeper()
    await first.ask({ do: 'open', file: at.file })
    await using second = new Keeper()
    const refused = await second.ask({ do: 'open', file: at.file })
    expect(refused).toMatchObject({ failed: 'locked' })
    expect('message' in refused && refused.message).toContain(`process ${first.child.pid} on host `)
    await first.kill()
    expect(existsSync(`${at.file}.lock`)).toBe(true)
    expect(await second.ask({ do: 'open', file: at.file })).toEqual({ done: at.file })
    expect(JSON.parse(readFileSync(`${at.file}.lock`, 'utf8'))).toMatchObject({ pid: second.child.pid })
  })
})
