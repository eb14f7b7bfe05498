import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadConfiguration } from '../../src/config/load.ts'
import { addressProblem } from '../../src/config/schema/notify-address.ts'
import { formatProblem } from '../../src/config/yaml/problem.ts'
import { memoryFiles } from './memory-files.ts'

const load = (notify: string) =>
  loadConfiguration(
    memoryFiles({
      'etc/curfew.yaml': `version: 1\npolicies: [./policies]\nwatch: [{ region: eu-central-1, discover: all }]\nnotify:\n${notify}`,
      'etc/policies/a.yaml': 'version: 1\npolicies: [{ name: age, kind: max-session-age, maxAge: 8h }]\n',
    }),
    'etc/curfew.yaml',
  )

const HOOK = 'https://hooks.corp.example/curfew'

describe('notify', () => {
  it('warns about a webhook without a secret, whose receiver cannot verify the sender', () => {
    const { problems, configuration } = load(`  - { slack: { env: SLACK } }\n  - webhook: ${HOOK}\n`)
    expect(problems).toMatchObject([{ severity: 'warning', line: 6, column: 5 }])
    expect(problems[0]?.message).toContain('without "secret" the receiver cannot verify the sender')
    expect(configuration?.notify.map(({ name }) => name)).toEqual(['slack-1', 'webhook-2'])
  })

  it('accepts an empty list', () => {
    expect(load('  []\n').configuration?.notify).toEqual([])
  })

  it('adds each file with a secret to the sources, so that a change of it is noticed', () => {
    const { sources } = load(`  - { webhook: { file: ./a }, secret: { file: ../b } }\n  - { slack: { file: /c } }\n`)
    expect(sources.slice(-3)).toEqual(['etc/a', 'b', '/c'])
  })

  it('never repeats a secret that is written in the file itself', () => {
    const secret = fc.constantFrom(
      'hush-hush',
      '"hush: hush"',
      "'hush'",
      '[hush, hush]',
      '{ value: hush }',
      '>-\n      hush',
    )
    const key = fc.constantFrom('slack', 'secret', 'webhook')
    fc.assert(
      fc.property(key, secret, (key, written) => {
        const { problems, configuration } = load(`  - name: desk\n    ${key}: ${written}\n`)
        expect(configuration).toBeUndefined()
        expect(problems.map(formatProblem).join('\n')).not.toContain('hush')
      }),
    )
  })
})

describe('the address of a receiver', () => {
  it.each([
    HOOK,
    'https://10.0.0.1:8443/',
    'http://127.0.0.1:8080/hook',
    'http://127.1.2.3',
    'http://[::1]/',
    'http://localhost:9000/',
    'HTTPS://HOOKS.CORP.EXAMPLE/',
  ])('%s is accepted', (address) => {
    expect(addressProblem(address)).toBeUndefined()
  })

  it.each([
    'http://hooks.corp.example/curfew',
    'http://127.0.0.1.corp.example/',
    'http://localhost.corp.example/',
    'http://10.0.0.1/',
    'http://[::2]/',
    'http://127.0.0.1@hooks.corp.example/',
    'ftp://hooks.corp.example/',
    'file:///etc/passwd',
    'hooks.corp.example',
    'https://',
    'https:///curfew',
    '',
  ])('%s is refused, and the message does not repeat it', (address) => {
    const problem = addressProblem(address)
    expect(problem).toBeDefined()
    expect(problem).not.toContain('corp.example')
  })
})
