import { join } from 'node:path'
import { expect, it } from 'vitest'
import { workspace } from './curfew.ts'
import { AGE_POLICY, curfewYaml } from './office.ts'

const sleeping = async () => {
  const here = await workspace({
    'curfew.yaml': curfewYaml('poll: { requestTimeout: 1s }'),
    'policies.yaml': AGE_POLICY,
    aws: '[profile slow]\ncredential_process = sleep 60\n',
  })
  const env = { AWS_CONFIG_FILE: join(here.folder, 'aws'), AWS_PROFILE: 'slow', HOME: '/nonexistent' }
  return { here, env, [Symbol.asyncDispose]: () => here[Symbol.asyncDispose]() }
}

// Without its own limit each command would wait for the 60 seconds of the process, longer than the test may take.
it.concurrent.each(['plan', 'connections', 'run --once'])(
  'a credential_process that hangs does not keep curfew %s',
  async (command) => {
    await using slow = await sleeping()
    const { code, stderr, stdout } = await slow.here.run([...command.split(' '), '-c', 'curfew.yaml'], slow.env)
    expect(code).toBe(1)
    expect(stderr + stdout).toContain('credentials')
  },
)

it.concurrent('a credential_process that hangs does not delay a stop', async () => {
  await using slow = await sleeping()
  await using running = slow.here.start(['run', '-c', 'curfew.yaml'], slow.env)
  await running.untilLogged('poll-failed')
  running.child.kill('SIGTERM')
  expect(await running.exited).toBe(0)
})
