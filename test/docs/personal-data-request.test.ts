import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { CLEAN_ENV, workspace } from '../cli/curfew.ts'
import { curfewYaml, startOffice } from '../cli/office.ts'
import { blocks } from './pages.ts'
import { PastedShell } from './pasted-shell.ts'

const commands = blocks.find(
  ({ page, language, text }) => page === 'docs/personal-data.md' && language === 'bash' && text.includes('audit show'),
)?.text

const POLICIES = `version: 1
policies:
  - name: leavers
    kind: banned-users
    users: [{ pattern: "user:Carol@corp.example", reason: left on Friday }, "m*"]
    guard: off
  - { name: daily, kind: max-session-age, maxAge: 10h, exempt: { users: [dave@corp.example] } }
`

it('the commands for a request find a person who is only named in a rule', async () => {
  await using office = await startOffice()
  await using here = await workspace({
    'config/curfew.yaml': curfewYaml('mode: enforce\npoll: { schedule: "* * * * * *", minGap: 1s }\n'),
    'config/policies.yaml': POLICIES,
  })
  await using daemon = here.start(['run'], office.env)
  await daemon.untilLogged('decided')
  daemon.child.kill('SIGTERM')
  expect(await daemon.exited).toBe(0)

  const path = `${resolve('bin')}:/usr/bin:${process.env.PATH ?? ''}`
  const env = { ...CLEAN_ENV, ...office.env, HOME: here.folder, PATH: path }
  await using terminal = new PastedShell('bash', { cwd: here.folder, env })
  const { output } = await terminal.paste(commands?.trimEnd() ?? '')
  const shown = readFileSync(join(here.folder, 'carol.jsonl'), 'utf8')
  const entries = shown.trimEnd().split('\n')
  expect(entries.map((line) => JSON.parse(line) as unknown)).toEqual([
    expect.objectContaining({
      event: 'policy-set',
      named: [
        {
          policy: 'leavers',
          list: 'users',
          entry: { pattern: 'user:Carol@corp.example', reason: 'left on Friday' },
        },
      ],
    }),
  ])
  expect(shown).not.toContain('dave')
  expect(output).toMatch(/^config\/policies\.yaml:5:.*Carol@corp\.example/m)
  expect(output).toMatch(/^\[\["state","policySets",.*Carol@corp\.example/m)
})
