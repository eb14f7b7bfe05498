import { expect, it } from 'vitest'
import { IS_NIGHTLY } from '../nightly.ts'
import { startCompany, until } from './replicas.ts'

it.each([
  ['hangs', 'SIGSTOP'],
  ['is dead', 'SIGKILL'],
] as const)('SIGTERM ends a replica amid calls while its database %s', async (_state, signal) => {
  await using company = await startCompany({
    units: 2,
    policies: `
version: 1
policies:
  - { name: short, kind: max-session-age, maxAge: 1s, guard: off }
`,
    clients: () => [{ count: 5, name: 'short-{n}', arrivalsPerMinute: 120 }],
  })
  await company.migrate()
  const replica = company.start('ONLY')
  await until(() => company.calls.length >= 4)
  await company.cluster.signal(signal)
  const stoppedAt = performance.now()
  replica.signal('SIGTERM')
  expect(await replica.exited).toEqual({ code: 0, signal: null })
  // Systems that stop a process kill it after ten seconds. Other tests of a push use the machine too.
  if (IS_NIGHTLY) expect(performance.now() - stoppedAt).toBeLessThan(10_000)
  if (signal === 'SIGKILL') await company.cluster.start()
  else await company.cluster.signal('SIGCONT')
  expect(await company.mistakes()).toEqual([])
  expect(await company.brokenChains()).toEqual([])
})
