import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const script = readFileSync('scripts/install-test-servers.sh', 'utf8')

/** Without a PATH there is no apt-get either. */
const onAnotherSystem = (text: string) => spawnSync('/bin/bash', ['--norc', '-c', text], { encoding: 'utf8', env: { PATH: '' } })

describe('the programs that the integration tests need', () => {
  it('are named, each once, where they are missing and there is no apt', () => {
    const { status, stderr } = onAnotherSystem(script.replaceAll(' /usr/bin/', ' /nowhere/'))
    const named = [...stderr.matchAll(/^ {2}\/nowhere\/([\w-]+) \((.+)\)$/gm)].map(([, program]) => program)
    expect(named).toEqual(['openssl', 'aws', 'prometheus', 'promtool', 'prometheus-alertmanager', 'amtool'])
    expect(status).toBe(1)
  })

  it('are not spoken of where they are there', () => {
    const { status, stdout, stderr } = onAnotherSystem(script.replaceAll(/ \/usr\/bin\/\S+/g, ' /bin/bash'))
    expect(stdout + stderr).toBe('')
    expect(status).toBe(0)
  })
})
