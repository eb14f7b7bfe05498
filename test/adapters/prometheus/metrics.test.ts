import { describe, expect, it } from 'vitest'
import { TENURE_OUTCOMES } from '../../../src/adapters/prometheus/engine-metrics.ts'
import { createMetrics } from '../../../src/adapters/prometheus/metrics.ts'
import type { CurfewEvent } from '../../../src/app/events.ts'
import type { UnitHolding } from '../../../src/app/tenure.ts'
import { createDecider } from '../../../src/domain/judge/decide.ts'
import { NO_HISTORY } from '../../../src/domain/judge/memory.ts'
import { createPolicySet } from '../../../src/domain/policies/policy-set.ts'
import { HOUR } from '../../../src/domain/time/instant.ts'
import { connection, ENFORCE, NOON, PLACE, policy } from '../../domain/build.ts'
import { ENDPOINT, EVENTS, VIOLATION } from '../log/events.ts'

const POLICIES = [
  policy('max-session-age', { maxAge: '8h' }, { name: 'daily', cooldownMs: HOUR }),
  policy('banned-users', { users: ['mallory'] }, { name: 'leavers' }),
]

const start = (engine?: 'postgres') => {
  const metrics = createMetrics({
    ...(engine && { engine }),
    version: '0.0.0',
    policies: () => POLICIES,
    targets: () => ['desk'],
    changedAt: () => 0,
  })
  metrics.observe(EVENTS.started)
  return {
    ...metrics,
    /** The lines with samples of Curfew's own metrics. */
    series: async () => (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith('curfew_')),
    async valueOf(series: string) {
      const line = (await this.series()).find((candidate) => candidate.startsWith(`${series} `))
      return line === undefined ? undefined : Number(line.slice(series.length + 1))
    },
  }
}

const on = `vpn_endpoint="${ENDPOINT.id}"`

describe('the metrics', () => {
  it('have every counter of the alerts and panels at zero from the start', async () => {
    const metrics = start()
    for (const series of [
      `curfew_terminations_total{${on},policy="leavers",reason="banned",outcome="gave-up"}`,
      `curfew_terminations_total{${on},policy="daily",reason="cooldown",outcome="confirmed"}`,
      `curfew_violations_total{${on},policy="daily",reason="session-age",mode="enforce"}`,
      `curfew_polls_total{${on},outcome="denied"}`,
      `curfew_terminate_calls_total{${on},selector="username",outcome="throttled"}`,
      `curfew_warnings_total{${on},policy="daily"}`,
      `curfew_notifications_total{target="desk",outcome="lost"}`,
      `curfew_audit_records_total{outcome="failed"}`,
      `curfew_config_reloads_total{outcome="refused"}`,
      `curfew_enforcement_lag_seconds_count{stage="accept"}`,
      'curfew_termination_queue_length{account="111122223333",region="eu-central-1"}',
      'curfew_api_throttles_total{account="111122223333",region="eu-central-1",action="TerminateClientVpnConnections"}',
    ])
      expect([series, await metrics.valueOf(series)]).toEqual([series, 0])
  })

  it('count the entries of each policy that match no watched endpoint', async () => {
    const metrics = start()
    const unmatched = async () => [
      await metrics.valueOf('curfew_unmatched_entries{policy="daily"}'),
      await metrics.valueOf('curfew_unmatched_entries{policy="leavers"}'),
    ]
    expect(await unmatched()).toEqual([undefined, undefined])
    metrics.observe(EVENTS['unmatched-entries'])
    expect(await unmatched()).toEqual([1, 0])
    metrics.observe({ event: 'unmatched-entries', entries: [], added: [] })
    expect(await unmatched()).toEqual([0, 0])
  })

  it('count the logins that fail', async () => {
    const metrics = start()
    metrics.observeFailedLogin('refused')
    expect(await metrics.valueOf('curfew_failed_logins_total{outcome="refused"}')).toBe(1)
  })

  it('have the same number of series for 2 and for 100,000 connections', async () => {
    const { observe, series } = start()
    const decider = createDecider(createPolicySet(POLICIES, []), PLACE)
    const decide = (count: number) => {
      const connections = Array.from({ length: count }, (_, index) =>
        connection({ username: index % 2 === 0 ? 'mallory' : `user-${index}`, establishedAt: NOON - 9 * HOUR }),
      )
      observe({ event: 'polled', endpoint: ENDPOINT, at: NOON, snapshot: { ...EVENTS.polled.snapshot, connections } })
      const decisions = decider.decide(connections, NO_HISTORY, NOON, ENFORCE)
      observe({ ...EVENTS.decided, decisions })
      for (const { connection: one } of decisions.violating) {
        const violation = { ...VIOLATION, connectionId: one.id, username: one.username }
        observe({ ...EVENTS.violation, violation })
        observe({ ...EVENTS.warning, violation })
        observe({ ...EVENTS.accepted, violation })
        observe({ ...EVENTS.termination, violation })
        observe({ ...EVENTS.reconnected, connection: one })
      }
    }
    decide(2)
    const before = await series()
    decide(100_000)
    const after = await series()
    expect(after).toHaveLength(before.length)
    expect(after.join('\n')).not.toMatch(/user-1\b|mallory|cvpn-connection/)
  })

  it('report enforcement only while the daemon can enforce', async () => {
    const metrics = start()
    const enforcing = () => metrics.valueOf('curfew_enforcing')
    expect(await enforcing()).toBe(0)
    metrics.observe(EVENTS['poll-failed'])
    expect(await enforcing()).toBe(0)
    metrics.observe(EVENTS.polled)
    expect(await enforcing()).toBe(1)
    for (const [bad, good, gauge] of [
      [EVENTS.unwritable, EVENTS['writable'], 'curfew_audit_writable'],
      [{ ...EVENTS['clock-skew'], apart: true }, EVENTS['clock-skew'], 'curfew_clock_trusted'],
    ] as const) {
      metrics.observe(bad)
      expect([await enforcing(), await metrics.valueOf(gauge)]).toEqual([0, 0])
      metrics.observe(good)
      expect([await enforcing(), await metrics.valueOf(gauge)]).toEqual([1, 1])
    }
    metrics.observe({ ...EVENTS.unwritable, what: 'state' })
    expect(await enforcing()).toBe(1)
    metrics.observe({ ...EVENTS.reloaded, mode: 'audit' })
    expect(await enforcing()).toBe(0)
    expect(await metrics.valueOf('curfew_policies{kind="banned-users",mode="audit"}')).toBe(1)
  })

  it('say whether lookups prove terminations, for as long as the endpoint is watched', async () => {
    const metrics = start()
    const { observe, series } = metrics
    const trusted = () => metrics.valueOf(`curfew_lookups_trusted{${on}}`)
    const counted = (outcome: string) => metrics.valueOf(`curfew_lookups_total{${on},outcome="${outcome}"}`)
    expect([await trusted(), await counted('complete'), await counted('timeout')]).toEqual([1, 0, 0])
    observe(EVENTS['looked-up'])
    observe({ ...EVENTS['lookup-failed'], code: 'timeout' })
    expect([await trusted(), await counted('complete'), await counted('timeout')]).toEqual([1, 1, 1])
    observe({ ...EVENTS['lookups-distrusted'], because: 'refused' })
    expect([await trusted(), await counted('bad-request')]).toEqual([0, 1])
    observe(EVENTS.reloaded)
    expect(await trusted()).toBe(0)
    observe(EVENTS['lookups-resumed'])
    expect(await trusted()).toBe(1)
    observe({ ...EVENTS.reloaded, endpoints: [] })
    expect((await series()).filter((line) => line.startsWith('curfew_lookups_trusted'))).toEqual([])
  })

  it('have no counts of a blind endpoint, and nothing of an endpoint that is no longer watched', async () => {
    const { observe, series } = start()
    const lines = async (part: string) => (await series()).filter((line) => line.includes(part) && line.includes(on))
    observe(EVENTS.polled)
    observe(EVENTS.decided)
    observe(EVENTS['permission-missing'])
    expect(await lines('curfew_connections')).toHaveLength(1)
    observe(EVENTS.blind)
    for (const absent of ['connections', 'due', 'unknown', 'guard_held', 'protected'])
      expect(await lines(`curfew_${absent}`)).toEqual([])
    expect(await lines('curfew_last_complete')).toHaveLength(1)
    observe({ ...EVENTS['endpoints-changed'], endpoints: [] })
    for (const absent of ['last_complete', 'endpoint_info', 'missing_permissions'])
      expect(await lines(`curfew_${absent}`)).toEqual([])
  })

  it('drop a missing permission when it is granted', async () => {
    const metrics = start()
    const missing = `curfew_missing_permissions{${on},action="ec2:TerminateClientVpnConnections"}`
    metrics.observe(EVENTS['permission-missing'])
    expect(await metrics.valueOf(missing)).toBe(1)
    metrics.observe(EVENTS['permission-granted'])
    expect(await metrics.valueOf(missing)).toBeUndefined()
  })
})

describe('the metrics of a replica', () => {
  const holding = (units: readonly UnitHolding['state'][]): CurfewEvent => ({
    ...EVENTS['engine-beat'],
    units: units.map((state, index) => ({ unit: `unit-${index}`, state, holder: undefined, epoch: 1 })),
  })
  const LAB = { ...ENDPOINT, id: 'cvpn-endpoint-of-another-unit', name: 'lab', account: '444455556666' }

  it('do not exist with the engine of files', async () => {
    const { observe, series } = start()
    observe(EVENTS['engine-joined'])
    observe(EVENTS['engine-beat'])
    expect((await series()).filter((line) => line.includes('engine'))).toEqual([])
  })

  it('say how many units it holds, and nothing of other replicas while it is not joined', async () => {
    const metrics = start('postgres')
    const engine = async () =>
      (await metrics.series()).filter((line) => /^curfew_engine_(?:up|units|members|generation)\b/.test(line))
    const away = ['curfew_engine_up 0', 'curfew_engine_units{state="held"} 0']
    expect(await engine()).toEqual(away)
    metrics.observe(EVENTS['engine-joined'])
    metrics.observe(holding(['held', 'elsewhere', 'elsewhere', 'free']))
    const joined = [
      'curfew_engine_up 1',
      'curfew_engine_units{state="held"} 1',
      'curfew_engine_units{state="elsewhere"} 2',
      'curfew_engine_units{state="free"} 1',
      'curfew_engine_members 3',
      'curfew_engine_generation 2',
    ]
    expect(await engine()).toEqual(joined)
    for (const event of ['engine-away', 'engine-refused'] as const) {
      metrics.observe(EVENTS[event])
      expect(await engine()).toEqual(away)
      metrics.observe(EVENTS['engine-joined'])
      metrics.observe(holding(['held', 'elsewhere', 'elsewhere', 'free']))
      expect((await engine()).toSorted()).toEqual(joined.toSorted())
    }
  })

  it('count tenures and old generations from zero, and how long beats take', async () => {
    const metrics = start('postgres')
    const tenures = async () =>
      Promise.all(
        TENURE_OUTCOMES.map((outcome) => metrics.valueOf(`curfew_engine_tenures_total{outcome="${outcome}"}`)),
      )
    expect(await tenures()).toEqual([0, 0, 0, 0])
    expect(await metrics.valueOf('curfew_engine_old_generations_total')).toBe(0)
    metrics.observe(EVENTS['tenure-began'])
    for (const how of ['returned', 'lost', 'refused'] as const) metrics.observe({ ...EVENTS['tenure-ended'], how })
    metrics.observe({ ...EVENTS['tenure-ended'], how: 'lost' })
    metrics.observe(EVENTS.generation)
    metrics.observe({ ...EVENTS.generation, generation: 3, isOld: true, cameBack: true })
    expect(await metrics.valueOf('curfew_engine_generation')).toBe(2)
    expect(await metrics.valueOf('curfew_engine_old_generations_total')).toBe(0)
    metrics.observe({ ...EVENTS.generation, isNewerGone: true })
    metrics.observe({ ...EVENTS.generation, generation: 4, own: 4, begunBy: undefined, cameBack: true })
    metrics.observe({ ...EVENTS['engine-beat'], tookMs: 3 })
    expect(await tenures()).toEqual([1, 1, 2, 1])
    expect(await metrics.valueOf('curfew_engine_old_generations_total')).toBe(2)
    expect(await metrics.valueOf('curfew_engine_generation')).toBe(4)
    expect(await metrics.valueOf('curfew_engine_beat_seconds_sum')).toBe(0.003)
    expect(await metrics.valueOf('curfew_engine_beat_seconds_bucket{le="0.0025"}')).toBe(0)
    expect(await metrics.valueOf('curfew_engine_beat_seconds_bucket{le="0.005"}')).toBe(1)
  })

  it('have no series of an endpoint once its unit has left, and those of others as before', async () => {
    const { observe, series } = start('postgres')
    observe({ ...EVENTS['endpoints-changed'], endpoints: [ENDPOINT, LAB], gone: [] })
    // Every event of an endpoint, so that a metric that is added later is tried too.
    const happens = (endpoint: typeof ENDPOINT) => {
      for (const event of Object.values(EVENTS)) if ('endpoint' in event) observe({ ...event, endpoint } as CurfewEvent)
      observe({ ...EVENTS.queue, account: endpoint.account, length: 7, etaSeconds: 3600 })
    }
    happens(ENDPOINT)
    happens(LAB)
    const of = async ({ id, account }: typeof ENDPOINT) =>
      (await series()).filter(
        (line) =>
          (line.includes(`"${id}"`) || line.includes(`"${account}"`)) && !line.startsWith('curfew_api_throttles_total'),
      )
    const before = await of(LAB)
    expect(before.length).toBeGreaterThan(30)
    expect((await of(ENDPOINT)).length).toBeGreaterThan(30)
    observe({ ...EVENTS['endpoints-changed'], endpoints: [LAB], gone: [ENDPOINT] })
    expect(await of(ENDPOINT)).toEqual([])
    const counted = (lines: readonly string[]) => lines.filter((line) => /_total\{|_count\{|_queue_/.test(line))
    expect(counted(await of(LAB))).toEqual(counted(before))
  })

  it('count reads on that were made before their endpoint was told', async () => {
    const metrics = start('postgres')
    metrics.observe({ ...EVENTS['endpoints-changed'], endpoints: [], gone: [] })
    metrics.observe(EVENTS.polled)
    metrics.observe({ ...EVENTS['endpoints-changed'], endpoints: [ENDPOINT], gone: [] })
    expect(await metrics.valueOf(`curfew_poll_duration_seconds_count{vpn_endpoint="${ENDPOINT.id}"}`)).toBe(1)
  })

  it('keep the counters of an endpoint that is no longer watched with the engine of files', async () => {
    const { observe, series } = start()
    observe(EVENTS.termination)
    observe({ ...EVENTS['endpoints-changed'], endpoints: [], gone: [ENDPOINT] })
    const confirmed = (await series()).filter(
      (line) => line.startsWith('curfew_terminations_total') && line.endsWith('1'),
    )
    expect(confirmed).toHaveLength(1)
  })

  it('report enforcement while it is joined, and has read an endpoint or holds none', async () => {
    const metrics = start('postgres')
    const enforcing = () => metrics.valueOf('curfew_enforcing')
    metrics.observe({ ...EVENTS['endpoints-changed'], endpoints: [], gone: [ENDPOINT] })
    expect(await enforcing()).toBe(0)
    metrics.observe(EVENTS['engine-joined'])
    expect(await enforcing()).toBe(1)
    metrics.observe({ ...EVENTS['endpoints-changed'], gone: [] })
    expect(await enforcing()).toBe(0)
    metrics.observe(EVENTS.polled)
    expect(await enforcing()).toBe(1)
    metrics.observe(EVENTS['engine-away'])
    expect(await enforcing()).toBe(0)
  })

  it('take the grant of a unit as proof that the trail can be written', async () => {
    const metrics = start('postgres')
    metrics.observe(EVENTS.unwritable)
    metrics.observe({ ...EVENTS['tenure-ended'], how: 'lost' })
    expect(await metrics.valueOf('curfew_audit_writable')).toBe(0)
    metrics.observe(EVENTS['tenure-began'])
    expect(await metrics.valueOf('curfew_audit_writable')).toBe(1)
  })
})
