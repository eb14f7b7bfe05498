import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readConfiguration } from '../../src/cli/compose-files.ts'
import { type Instant, NEVER, SECOND, toIso } from '../../src/domain/time/instant.ts'
import { IS_NIGHTLY } from '../nightly.ts'
import { validAnswer } from './answers.ts'
import { buildInto } from './built-zip.ts'
import { company } from './companies.ts'
import { createDaemonOracle } from './daemon-oracle.ts'
import { startHandlerProcess } from './handler-process.ts'
import { loggedLine } from './logged-line.ts'
import { REQUESTS } from './requests.ts'
import { createTaskFolder } from './task-folder.ts'

const SETS = IS_NIGHTLY ? 600 : 20

/** The changes of the daemon's verdicts that are followed from each instant. */
const CHANGES = 3

/** The instants, the next changes of the daemon's verdicts after each, and the milliseconds before and after all of them. */
const edgesFrom = (instants: readonly Instant[], changeAfter: (now: Instant) => Instant): readonly Instant[] => {
  const edges = new Set<Instant>()
  for (const begin of instants) {
    let at = begin
    for (let change = 0; change <= CHANGES && at < NEVER; change++) {
      for (const near of [at - 1, at, at + 1]) edges.add(near)
      at = changeAfter(at)
    }
  }
  return [...edges]
}

const VERSIONS = Object.values(REQUESTS)

describe('the built handler and the daemon', () => {
  it('deny, end and report the same people at every instant', async () => {
    using folder = createTaskFolder()
    await using handlers = await startHandlerProcess()
    const seen = { allow: 0, deny: 0, audit: 0 }
    let sets = 0
    await fc.assert(
      fc.asyncProperty(company, async ({ tree, people, instants }) => {
        const { handler, config } = await buildInto(join(folder.path, String(sets++)), tree)
        const { configuration } = readConfiguration(config)
        if (configuration === undefined) throw new Error('the configuration has problems')
        const daemon = createDaemonOracle(configuration)
        const asked = people.flatMap((person) =>
          edgesFrom(instants, (now) => daemon(person, { now, establishedAt: now }).changesAt).map((at, index) => ({
            person,
            at,
            event: VERSIONS[index % VERSIONS.length]?.(person),
          })),
        )
        const { outcomes, touched } = await handlers.call(handler, asked)
        expect(touched).toEqual([])
        const differences: unknown[] = []
        for (const [index, { person, at, event }] of asked.entries()) {
          const outcome = outcomes[index]
          const answer = validAnswer(event, outcome?.answer)
          const { Decision, policy, reason } = loggedLine(outcome?.log ?? '')
          const door = {
            allow: answer.allow,
            decision: Decision,
            policy,
            reason,
            posture: answer['posture-compliance-statuses'],
          }
          // AWS tells whole seconds, so that a connection may look a little older than it is.
          for (const establishedAt of new Set([at, Math.floor(at / SECOND) * SECOND])) {
            const { changesAt: _, ...fate } = daemon(person, { now: at, establishedAt })
            const wanted = { allow: fate.decision !== 'deny', ...fate }
            if (!isDeepStrictEqual(door, wanted)) differences.push({ person, at: toIso(at), door, daemon: wanted })
            seen[fate.decision]++
          }
        }
        expect(differences.slice(0, 3)).toEqual([])
      }),
      { numRuns: SETS },
    )
    // Each is asked for often enough to be tested.
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(20 * SETS)
  })
})
