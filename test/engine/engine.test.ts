import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as at } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { hostClock } from '../../src/adapters/host/clock.ts'
import type { KeptUnit } from '../../src/adapters/postgres/held-units.ts'
import { RecordRefused } from '../../src/adapters/postgres/record-writer.ts'
import type { Seen } from '../../src/adapters/postgres/seen.ts'
import { createSeenFile } from '../../src/adapters/postgres/seen-file.ts'
import { KeepingUnreached } from '../../src/app/tenure.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { type CurfewDatabase, createCurfewDatabase } from './curfew-database.ts'
import { aborted, joinReplica, keepNothing, type Replica, type ReplicaOptions } from './joined-replica.ts'

let cluster: Cluster
let database: CurfewDatabase
let replicas: Replica[] = []

beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(async () => {
  await cluster.stop()
})
beforeEach(async () => {
  database = await createCurfewDatabase(cluster)
})
afterEach(async () => {
  await Promise.all(replicas.map(async (replica) => replica.leave()))
  replicas = []
})

const join = (options: Partial<ReplicaOptions> = {}): Replica => {
  const replica = joinReplica({ url: database.url, ...options })
  replicas.push(replica)
  return replica
}
const UNITS = ['a', 'b', 'c', 'd', 'e', 'f']

/** Ends the locking session of a replica, as an operator or a failover does. */
const terminate = async () => {
  await cluster.sql(
    `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objsubid = 2
     and database = (select oid from pg_database where datname = $1) and classid = ${0x43_46_57_02}`,
    [database.name],
  )
}

describe('one replica', () => {
  it('takes every unit, one tenure each', async () => {
    const replica = join({ units: UNITS })
    await replica.until(() => replica.held().length === UNITS.length)
    expect(replica.held()).toEqual(UNITS)
    expect(replica.served.map(({ tenure }) => tenure.epoch)).toEqual(UNITS.map(() => 1))
    expect(replica.told('engine-joined')).toMatchObject([{ members: 1, generation: 1 }])
  })

  it('gives everything back when it stops', async () => {
    const replica = join()
    await replica.until(() => replica.held().length === 2)
    await replica.leave()
    expect(replica.served.map(({ how }) => how)).toEqual(['returned', 'returned'])
    expect(replica.held()).toEqual([])
    expect(await database.sql(`select pid from pg_locks where locktype = 'advisory'`)).toEqual([])
  })

  it('loses everything at once when the server ends its session, and takes it again in a new epoch', async () => {
    const replica = join()
    await replica.until(() => replica.held().length === 2)
    await terminate()
    await replica.until(() => replica.served.filter(({ how }) => how === 'lost').length === 2)
    expect(replica.served.every(({ tenure }) => !tenure.holds())).toBe(true)
    await replica.until(() => replica.held().length === 2)
    expect(replica.tenures('one').map(({ tenure }) => tenure.epoch)).toEqual([1, 2])
    expect(replica.told('engine-away')).toHaveLength(1)
    expect(replica.told('engine-joined')).toHaveLength(2)
  })
})

describe('the work on a unit', () => {
  it('never overlaps with an earlier one of the same process, also when that one is slow to end', async () => {
    let finish = () => {}
    const slow = new Promise<void>((resolve) => {
      finish = resolve
    })
    let isFirst = true
    const replica = join({
      units: ['one', 'two'],
      work: async ({ unit, lost, asked }) => {
        await Promise.race([aborted(lost), aborted(asked)])
        if (unit === 'one' && isFirst) {
          isFirst = false
          await slow
        }
        return lost.aborted ? 'lost' : 'returned'
      },
    })
    await replica.until(() => replica.held().length === 2)
    await terminate()
    await replica.until(() => replica.tenures('two').length === 2)
    const beats = replica.told('engine-beat').length
    await replica.until(() => replica.told('engine-beat').length > beats + 5)
    expect(replica.tenures('one')).toHaveLength(1)
    finish()
    await replica.until(() => replica.tenures('one').length === 2)
  })

  it('that is refused lets the unit rest, so that another replica may take it', async () => {
    const units = ['one', 'two', 'three', 'four']
    const one = join({
      units,
      work: async ({ unit, asked, lost }) => {
        if (unit === 'one') return 'refused'
        await Promise.race([aborted(lost), aborted(asked)])
        return 'returned'
      },
    })
    await one.until(() => one.held().length === 3)
    const beats = one.told('engine-beat').length
    await one.until(() => one.told('engine-beat').length > beats + 5)
    expect(one.tenures('one')).toHaveLength(1)
    const two = join({ units })
    await two.until(() => two.held().includes('one'))
  })

  it('is tried again at once where the database was not reached for it, and that is said once', async () => {
    let failures = 0
    const replica = join({
      keep: async (unit) => {
        if (unit.unit.key === 'one' && failures++ < 3) throw new KeepingUnreached('the database was not reached')
        return keepNothing(unit)
      },
    })
    // A unit that rests would be there after a minute.
    await replica.until(() => replica.held().length === 2 && replica.told('engine-beat').length < 50)
    expect(replica.tenures('one').map(({ tenure }) => tenure.epoch)).toEqual([4])
    expect(replica.told('tenure-ended')).toMatchObject([
      { unit: 'one', how: 'lost', because: 'the database was not reached' },
    ])
    expect(replica.told('engine-away')).toEqual([])
  })

  it.each([
    ['never ends', () => new Promise<never>(() => {})],
    ['fails', async () => Promise.reject(new Error('Connection terminated'))],
  ])('goes on in the next session although its opening, when the session ended, %s', async (_what, ending) => {
    let isFirst = true
    const replica = join({
      keep: async (unit) => {
        if (unit.unit.key === 'one' && isFirst) {
          isFirst = false
          await terminate()
          await aborted(unit.lost)
          return ending()
        }
        return keepNothing(unit)
      },
    })
    await replica.until(() => replica.held().length === 2 && replica.told('engine-beat').length < 50)
    expect(replica.told('tenure-ended')).toEqual([])
  })

  it('is lost alone when the guard of the database refuses its records', async () => {
    const kept = new Map<string, KeptUnit>()
    const replica = join({
      keep: async (unit) => {
        kept.set(unit.unit.key, unit)
        return keepNothing(unit)
      },
    })
    await replica.until(() => replica.held().length === 2)
    const one = kept.get('one')
    const forked = one?.writer.write({ unit: one.unit.id, epoch: one.epoch, seq: 7, lines: ['{"seq":7,"prev":""}'] })
    await expect(forked).rejects.toThrow(RecordRefused)
    await replica.until(() => replica.tenures('one').length === 2)
    const [lost] = replica.tenures('one')
    expect(lost?.how).toBe('lost')
    expect(lost?.tenure.lost.reason).toMatch(/^unit \d+: line 7 does not continue the chain/)
    expect(replica.tenures('two')).toHaveLength(1)
  })
})

describe('a state of a newer program', () => {
  it('is never taken, and that is said once', async () => {
    const newer = join({ units: ['one', 'two'] })
    await newer.until(() => newer.held().length === 2)
    await newer.leave()
    await database.sql(`update curfew.unit set state_version = 9 where key = 'one'`)
    const older = join({ units: ['one', 'two'], stateVersion: 8 })
    await older.until(() => older.told('engine-beat').length > 8)
    expect(older.held()).toEqual(['two'])
    expect(older.tenures('one')).toEqual([])
    expect(older.told('tenure-ended')).toMatchObject([{ unit: 'one', how: 'refused' }])
    expect(older.told('tenure-ended')[0]?.because).toContain('a newer program saved it')
  })
})

describe('an edit of the configuration', () => {
  const handedOver = (replica: Replica) => replica.served.filter(({ how }) => how === 'returned').length

  it('moves each unit once to the replicas that have it, and so does its rollback', async () => {
    const replicas = [join({ units: UNITS }), join({ units: UNITS }), join({ units: UNITS })]
    const [one, two, three] = replicas
    if (one === undefined || two === undefined || three === undefined) throw new Error('three replicas')
    await Promise.all(replicas.map((replica) => replica.until(() => replica.held().length === 2)))
    const given = () => two.served.length + three.served.length
    const before = given()
    one.edit('b')
    await one.until(() => one.held().length === 6)
    expect(given()).toBe(before)
    expect(two.told('generation').at(-1)).toMatchObject({ generation: 2, isOld: true })
    expect(two.served.map(({ tenure }) => tenure.asked.reason as unknown)).toContain(
      'replicas with a newer configuration are there',
    )
    expect(one.told('generation').at(-1)).toMatchObject({ generation: 2, isOld: false, cameBack: false })
    two.edit('b')
    three.edit('b')
    await Promise.all(replicas.map((replica) => replica.until(() => replica.held().length === 2)))
    // Whoever has the newest configuration never begins another generation.
    expect(await database.sql('select id from curfew.generation')).toHaveLength(2)

    one.edit('a')
    await one.until(() => one.held().length === 6)
    expect(one.told('generation').at(-1)).toMatchObject({ generation: 3, isOld: false, cameBack: true })
    expect(handedOver(two)).toBeGreaterThan(0)
  })

  it('lets a replica that already has it join without giving anything back', async () => {
    const one = join({ units: UNITS })
    await one.until(() => one.held().length === 6)
    const two = join({ units: UNITS })
    await Promise.all([one, two].map((replica) => replica.until(() => replica.held().length === 3)))
    const returned = handedOver(one)
    // Another replica tried an edit and took it back before this one looked.
    await database.sql(`insert into curfew.generation (configuration_hash, declared_by) values ('b', 'x'), ('a', 'x')`)
    await one.until(
      () => one.engine.status().state === 'joined' && one.told('generation').some(({ generation }) => generation === 3),
    )
    expect(handedOver(one)).toBe(returned)
    expect(one.held()).toHaveLength(3)
  })

  /** A replica with old files, and one that was edited since and holds all units. */
  const laggardAndEdited = async (newerGoneMs?: number) => {
    const laggard = join({ units: UNITS, ...(newerGoneMs === undefined ? {} : { newerGoneMs }) })
    await laggard.until(() => laggard.held().length === 6)
    const edited = join({ units: UNITS })
    await edited.until(() => edited.held().length === 3)
    edited.edit('b')
    await edited.until(() => edited.held().length === 6)
    await laggard.until(() => laggard.told('generation').some(({ isOld }) => isOld) && laggard.held().length === 0)
    return { laggard, edited }
  }
  const generations = async () => (await database.sql('select id from curfew.generation')).length
  const beats = async (replica: Replica, more: number) => {
    const before = replica.told('engine-beat').length
    await replica.until(() => replica.told('engine-beat').length >= before + more)
  }
  /** The sessions of the replicas of one generation end. */
  const terminateThose = async (generation: number) => {
    await cluster.sql(
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objsubid = 2
       and database = (select oid from pg_database where datname = $1) and classid = ${0x43_46_57_02} and objid = $2::bigint::oid`,
      [database.name, generation],
    )
  }

  it('stays in force when a replica with old files loses its session and comes back', async () => {
    const { laggard, edited } = await laggardAndEdited()
    const served = laggard.served.length
    await terminateThose(1)
    await laggard.until(() => laggard.told('engine-joined').length === 2)
    await beats(laggard, 8)
    expect(laggard.engine.status()).toMatchObject({ state: 'joined', generation: 1, isOld: true })
    expect(laggard.served).toHaveLength(served)
    expect(edited.held()).toHaveLength(6)
    expect(await generations()).toBe(2)
    expect(edited.told('generation').filter(({ cameBack }) => cameBack)).toEqual([])
  })

  it('stays in force when a replica with old files is the first that comes back after an outage', async () => {
    const { laggard, edited } = await laggardAndEdited(1_000_000)
    const served = laggard.served.length
    await edited.leave()
    await terminate()
    await laggard.until(() => laggard.told('engine-joined').length === 2)
    await beats(laggard, 8)
    expect(laggard.engine.status()).toMatchObject({ members: 1, generation: 1, isOld: true })
    expect(laggard.served).toHaveLength(served)
    const again = join({ units: UNITS, hash: 'b' })
    await again.until(() => again.held().length === 6)
    expect(laggard.served).toHaveLength(served)
    expect(await generations()).toBe(2)
  })

  it('is begun by a replica that was edited while it was away', async () => {
    const { laggard } = await laggardAndEdited()
    laggard.edit('c')
    await terminate()
    await laggard.until(() => laggard.told('generation').at(-1)?.generation === 3)
    await laggard.until(() => laggard.held().length === 6)
    expect(laggard.engine.status()).toMatchObject({ generation: 3, isOld: false })
    expect(await generations()).toBe(3)
  })

  it('is begun anew after an older database was accepted that does not know it', async () => {
    const replica = join()
    await replica.until(() => replica.held().length === 2)
    replica.edit('b')
    await replica.until(() => replica.told('generation').length === 2)
    await database.sql(`set session_replication_role = replica;
      delete from curfew.generation where id = 2;
      update curfew.origin set incarnation = gen_random_uuid()`)
    await terminate()
    await replica.until(() => replica.told('engine-joined').length === 2)
    expect(replica.engine.status()).toMatchObject({ generation: 3, isOld: false })
  })

  it('of replicas that are gone is dropped after a wait: the older ones go on, and say so', async () => {
    const { laggard, edited } = await laggardAndEdited()
    await edited.leave()
    await laggard.until(() => laggard.held().length === 6)
    const [, first, ...others] = laggard.told('generation')
    expect(first).toMatchObject({ generation: 2, own: 1, begunBy: edited.name, isOld: true, isNewerGone: false })
    expect(others).toEqual([
      {
        event: 'generation',
        generation: 1,
        own: 1,
        begunBy: undefined,
        isOld: false,
        cameBack: false,
        isNewerGone: true,
      },
    ])
  })

  it('that is taken back has not come back where other replicas still have the one before', async () => {
    const { laggard, edited } = await laggardAndEdited()
    edited.edit('a')
    await edited.until(() => edited.held().length === 3)
    expect(edited.told('generation').at(-1)).toMatchObject({ generation: 3, isOld: false, cameBack: false })
    expect(laggard.told('generation').at(-1)).toMatchObject({
      generation: 3,
      own: 3,
      begunBy: edited.name,
      isOld: false,
      cameBack: false,
    })
  })

  it('is taken back by a replica that starts with old files: all others say who did', async () => {
    const { edited } = await laggardAndEdited()
    const restarted = join({ units: UNITS, name: 'restarted' })
    await restarted.until(() => restarted.held().length > 0)
    expect(restarted.told('generation')).toMatchObject([{ generation: 3, begunBy: undefined, cameBack: true }])
    await edited.until(() => edited.told('generation').some(({ isOld }) => isOld))
    expect(edited.told('generation').at(-1)).toMatchObject({
      generation: 3,
      own: 2,
      begunBy: 'restarted',
      isOld: true,
      cameBack: true,
    })
  })

  it('costs no tenure while another replica begins a generation, however long that takes', async () => {
    const replica = join({ units: UNITS })
    await replica.until(() => replica.held().length === 6)
    const other = new pg.Client({ connectionString: database.ownerUrl })
    await other.connect()
    await other.query('begin')
    await other.query('select pg_advisory_xact_lock($1, 0)', [0x43_46_57_04])
    replica.edit('b')
    const beats = replica.told('engine-beat').length
    // More than two leases.
    await replica.until(() => replica.told('engine-beat').length > beats + 14)
    await other.query('rollback')
    await other.end()
    await replica.until(() => replica.told('generation').at(-1)?.generation === 2)
    expect(replica.told('generation').at(-1)).toMatchObject({ generation: 2, isOld: false })
    expect(replica.served.map(({ how }) => how)).toEqual(UNITS.map(() => undefined))
    expect(replica.told('engine-away')).toEqual([])
  })

  it('that cannot be declared yet costs no tenure, and is declared as soon as it can be', async () => {
    const replica = join({ units: UNITS })
    await replica.until(() => replica.held().length === 6)
    await database.sql('revoke insert (configuration_hash) on curfew.generation from curfew_daemon')
    replica.edit('b')
    const beats = replica.told('engine-beat').length
    await replica.until(() => replica.told('engine-beat').length > beats + 5)
    expect(replica.told('generation').at(-1)).toMatchObject({ generation: 1 })
    await database.sql('grant insert (configuration_hash) on curfew.generation to curfew_daemon')
    await replica.until(() => replica.told('generation').at(-1)?.generation === 2)
    expect(replica.served.map(({ how }) => how)).toEqual(UNITS.map(() => undefined))
    expect(replica.told('engine-away')).toEqual([])
  })

  it('gives back the units that are no longer watched, and takes those that are new', async () => {
    const replica = join({ units: ['one', 'two'] })
    await replica.until(() => replica.held().length === 2)
    replica.edit('b', ['two', 'three'])
    await replica.until(() => replica.held().join() === 'three,two')
    expect(replica.tenures('one').map(({ how }) => how)).toEqual(['returned'])
    expect(replica.tenures('two')).toHaveLength(1)
  })
})

describe('a database that is older than what was seen', () => {
  const seenAll = async () => {
    const seen = new Map<'seen', Seen>()
    const replica = join({ seen })
    await replica.until(() => replica.held().length === 2)
    return { replica, seen }
  }
  const refusalOf = async (replica: Replica) => {
    await replica.until(() => replica.told('engine-refused').length > 0)
    return replica.told('engine-refused')[0]
  }
  const setBack = async (sql: string) => {
    await database.sql(`set session_replication_role = replica; ${sql}`)
  }

  it('is refused by a replica that lives, and everything is given up', async () => {
    const { replica } = await seenAll()
    await setBack(`update curfew.unit set epoch = 0 where key = 'one'`)
    expect(await refusalOf(replica)).toMatchObject({ why: 'restored' })
    expect((await refusalOf(replica))?.message).toContain('the epoch of the unit "one" is 0, and was 1')
    expect(replica.held()).toEqual([])
    expect(replica.engine.status()).toMatchObject({ state: 'refused', why: 'restored' })
  })

  it('is refused by a replica that was started again', async () => {
    const { replica, seen } = await seenAll()
    await setBack(`update curfew.chain set seq = 5`)
    const beats = replica.told('engine-beat').length
    await replica.until(() => replica.told('engine-beat').length > beats + 1)
    await replica.leave()
    await setBack(`update curfew.chain set seq = 4`)
    const again = join({ seen })
    expect((await refusalOf(again))?.message).toContain('ends at 4, and ended at 5')
    expect(again.served).toEqual([])
  })

  it('is refused by a replica whose process was started again, by what its file remembers', async () => {
    const folder = mkdtempSync(at(tmpdir(), 'curfew-seen-'))
    const file = () => createSeenFile(at(folder, 'seen'))
    try {
      const replica = join({ seenStore: file() })
      await replica.until(() => replica.held().length === 2 && replica.told('engine-beat').length > 4)
      await replica.leave()
      await setBack(`update curfew.unit set epoch = 0 where key = 'one'`)
      const again = join({ seenStore: file() })
      expect((await refusalOf(again))?.message).toContain('the epoch of the unit "one" is 0, and was 1')
      await again.leave()
      expect(again.served).toEqual([])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('that is accepted while replicas are joined shuts nobody out, also not after a restart', async () => {
    const { replica, seen } = await seenAll()
    await database.sql('update curfew.unit set epoch = epoch + 1000000')
    await database.sql('update curfew.origin set incarnation = gen_random_uuid()')
    await replica.until(() => replica.tenures('one').length === 2 && replica.held().length === 2)
    expect(replica.tenures('one').map(({ tenure, how }) => [tenure.epoch, how])).toEqual([
      [1, 'lost'],
      [1_000_002, undefined],
    ])
    const beats = replica.told('engine-beat').length
    await replica.until(() => replica.told('engine-beat').length > beats + 2)
    await replica.leave()
    expect(replica.told('engine-refused')).toEqual([])
    const again = join({ seen })
    await again.until(() => again.held().length === 2 && again.told('engine-beat').length > 4)
    expect(again.told('engine-refused')).toEqual([])
  })

  it('is refused where a unit is missing that was seen, and the unit does not begin anew', async () => {
    const { replica, seen } = await seenAll()
    await replica.leave()
    await setBack(`delete from curfew.chain; delete from curfew.unit`)
    expect(await refusalOf(join({ seen }))).toMatchObject({ why: 'restored' })
    expect(await database.sql('select key from curfew.unit')).toEqual([])
  })

  it('is taken once an operator has accepted it, and an earlier incarnation is refused from then on', async () => {
    const { replica, seen } = await seenAll()
    const [origin] = await database.sql<{ incarnation: string }>('select incarnation from curfew.origin')
    await replica.leave()
    await setBack('update curfew.unit set epoch = 0')
    await database.sql('update curfew.origin set incarnation = gen_random_uuid()')
    const accepted = join({ seen })
    await accepted.until(() => accepted.held().length === 2)
    await accepted.leave()
    await database.sql('update curfew.origin set incarnation = $1', [origin?.incarnation])
    expect(await refusalOf(join({ seen }))).toMatchObject({ why: 'restored' })
  })

  it('is refused where it is a copy', async () => {
    await database.sql('update curfew.origin set database_oid = 1')
    expect((await refusalOf(join()))?.message).toContain('is a copy')
    await database.sql(
      'update curfew.origin set database_oid = (select oid from pg_database where datname = current_database()), system_identifier = 1',
    )
    expect((await refusalOf(join()))?.message).toContain('is a copy')
  })
})

describe('a database without the schema', () => {
  it('is refused in words, and joined by itself once it has been migrated', async () => {
    await database.sql('alter schema curfew rename to elsewhere')
    const replica = join()
    await replica.until(() => replica.told('engine-refused').length > 0)
    expect(replica.told('engine-refused')[0]).toMatchObject({ why: 'not-migrated' })
    expect(replica.told('engine-refused')[0]?.message).toContain('curfew engine migrate')
    await database.sql('alter schema elsewhere rename to curfew')
    await replica.until(() => replica.held().length === 2)
    expect(replica.told('engine-refused')).toHaveLength(1)
  })
})

describe('a clock that is 60 s off', () => {
  it('moves no unit', async () => {
    const one = join({ units: UNITS })
    const two = join({ units: UNITS, clock: { ...hostClock, now: () => Date.now() + 60_000 } })
    const three = join({ units: UNITS, clock: { ...hostClock, now: () => Date.now() - 60_000 } })
    const all = [one, two, three]
    await Promise.all(all.map((replica) => replica.until(() => replica.held().length === 2)))
    const grants = () => all.map((replica) => replica.served.length)
    const before = grants()
    const beats = two.told('engine-beat').length
    await two.until(() => two.told('engine-beat').length > beats + 10)
    expect(grants()).toEqual(before)
    expect(all.map((replica) => replica.held().length)).toEqual([2, 2, 2])
  })
})

describe('several replicas', () => {
  it('share evenly within ten beats of a join or a leave, and each unit has one holder', async () => {
    // With the lease that is recommended, a beat is a second.
    const units = Array.from({ length: 60 }, (_, index) => `unit ${index}`)
    const evenWithin = async (all: readonly Replica[]) => {
      const before = all.map((replica) => replica.told('engine-beat').length)
      const share = units.length / all.length
      await Promise.all(all.map((replica) => replica.until(() => replica.held().length === share)))
      const beats = all.map((replica, index) => replica.told('engine-beat').length - (before[index] ?? 0))
      expect(Math.max(...beats)).toBeLessThanOrEqual(10)
      expect(all.flatMap((replica) => replica.held()).toSorted()).toEqual(units.toSorted())
    }
    const one = join({ units })
    await evenWithin([one])
    const two = join({ units })
    await evenWithin([one, two])
    const three = join({ units })
    await evenWithin([one, two, three])
    const left = two.leave()
    await evenWithin([one, three])
    await left
  })

  it('offer a unit beyond their share again, so that one that was slow gets its own', async () => {
    const units = ['one', 'two']
    const first = join({ units })
    await first.until(() => first.held().length === 2)
    let isSlow = true
    const slow = join({
      units,
      keep: async (unit) => {
        if (isSlow) throw new KeepingUnreached('the database was not reached')
        return keepNothing(unit)
      },
    })
    // The first one gave one back, the slow one could not serve it, and the first one has taken it again.
    await slow.until(() => first.held().length === 2 && first.served.length >= 3)
    isSlow = false
    await slow.until(() => first.held().length === 1 && slow.held().length === 1)
  })
})
