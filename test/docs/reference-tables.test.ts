import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { lineOf } from '../../src/adapters/audit/audit-line.ts'
import { AWS_ACTIONS } from '../../src/adapters/aws/actions.ts'
import { AUDIT_EVENTS, type AuditRecord } from '../../src/app/audit.ts'
import { simulate } from '../../src/cli/simulate.ts'
import { engine } from '../../src/config/schema/engine-schema.ts'
import { POLICY_KINDS } from '../../src/domain/policies/registry.ts'
import { OUTCOMES } from '../../src/domain/terminate/termination.ts'
import { SECOND } from '../../src/domain/time/instant.ts'
import { FAULT_KINDS } from '../../src/simulator/fault-kinds.ts'
import { blocks, tableAfter } from './pages.ts'

const ENFORCEMENT = 'docs/enforcement.md'

/** The words of a cell that are in backquotes. */
const wordsOf = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word)

const firstWords = (page: string, heading: string) => tableAfter(page, heading).flatMap(([cell]) => wordsOf(cell))

describe('the tables of the documentation', () => {
  it('list every outcome, audit event and permission', () => {
    expect(firstWords(ENFORCEMENT, '## Outcomes')).toEqual(OUTCOMES)
    expect(new Set(firstWords(ENFORCEMENT, '## The audit trail'))).toEqual(new Set(AUDIT_EVENTS))
    expect(firstWords(ENFORCEMENT, '## Permissions')).toEqual(AWS_ACTIONS)
  })

  it('list every policy kind in the order of rank', () => {
    const kinds = [...POLICY_KINDS].sort((a, b) => a.rank - b.rank).map(({ kind }) => kind)
    expect(firstWords('README.md', '## Policies')).toEqual(kinds)
  })

  it('list every fault of the simulator in the order of the code', () => {
    const [, faults = ''] = readFileSync('docs/simulator.md', 'utf8').split(
      'Requests to STS and CloudWatch Logs have none.',
    )
    expect([...faults.matchAll(/^\| `([a-z-]+)` /gm)].map(([, kind]) => kind)).toEqual(FAULT_KINDS)
    const rows = simulate.notes?.matchAll(/^ {2}([a-z, -]+?)  /gm) ?? []
    expect([...rows].flatMap(([, kinds = '']) => kinds.split(', '))).toEqual(FAULT_KINDS)
    expect(readFileSync('CHANGELOG.md', 'utf8')).toContain(`: ${FAULT_KINDS.length} faults of AWS or the network`)
  })

  it('list every command', () => {
    const registered = readFileSync('src/cli/command-line.ts', 'utf8').matchAll(/^ {2}'?([\w-]+)'?: \{$/gm)
    const documented = firstWords('README.md', '## Commands').map((words) => words?.split(' ')[1])
    const commands = [...registered].map(([, command]) => command)
    expect(commands.length).toBeGreaterThan(5)
    expect(new Set(documented)).toEqual(new Set(commands))
  })
})

describe('the loss of a node on the page about Kubernetes', () => {
  const LOSS = '## When a node or a zone is lost'

  it('is about everything that can be lost, with the lease and the alert as they are', () => {
    const [, section = ''] = readFileSync('docs/kubernetes.md', 'utf8').split(LOSS)
    const lost = tableAfter('docs/kubernetes.md', LOSS).map(([what = '']) => what.split(/ of the |,/)[0])
    expect(lost).toEqual(['The process', 'The node', 'The network', 'The zone'])
    const { lease } = engine.parse({ kind: 'postgres', url: { env: 'CURFEW_DATABASE_URL' } })
    expect(section).toContain(`[lease](replicas.md#how-it-works), ${lease / SECOND} seconds by default`)
    const alerts = readFileSync('deploy/prometheus/alerts.rules.yaml', 'utf8').split('- alert: ')
    const waits = alerts
      .filter((alert) => alert.startsWith('CurfewDown\n'))
      .map((alert) => /for: (\w+)/.exec(alert)?.[1])
    expect(new Set(waits)).toEqual(new Set(['2m']))
    expect(section).toContain('`CurfewDown` fires after two minutes')
  })
})

describe('the audit record on the page about enforcement', () => {
  const text = blocks.find(({ page, language }) => page === ENFORCEMENT && language === 'json')?.text.trim() ?? ''

  it('equals the line that the audit trail writes', () => {
    const { seq, prev, time, since, deadline, ...rest } = JSON.parse(text) as Record<string, string> & { seq: number }
    const instants = { time, since, deadline }
    const record = {
      ...rest,
      ...Object.fromEntries(Object.entries(instants).map(([key, value = '']) => [key, Date.parse(value)])),
    } as unknown as AuditRecord
    expect(lineOf(record, { seq: seq - 1, hash: prev ?? '' }).toString()).toBe(text)
  })
})
