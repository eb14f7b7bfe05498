import type { Configuration } from '../../config/configuration.ts'
import type { TrailUse } from './audit.ts'
import type { Check, Checked } from './examination.ts'
import { type Finding, failed, notChecked, ok } from './finding.ts'

/** Why a server cannot listen at the address, as the code of the system. */
type WhyNotListening = (host: string, port: number) => Promise<string | undefined>

/** Why the daemon cannot listen at the address, for a known code of the system or another one. */
export const listenFault = (code: string, host: string, port: number): Extract<Finding, { state: 'failed' }> => {
  const address = `${host}:${port}`
  switch (code) {
    case 'EADDRINUSE':
      return failed({
        found: `another program listens at ${address}`,
        expected: 'a free port for metrics and health',
        advice: `stop it ("ss -ltnp" names it), or set server.port to another number`,
      })
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return failed({
        found: `this machine has no address ${host} (${code})`,
        expected: 'an address of this machine',
        advice: 'set server.host to one, such as 127.0.0.1 or 0.0.0.0',
      })
    case 'EACCES':
      return failed({
        found: `this user may not listen at ${address}`,
        expected: 'a port that needs no rights',
        advice: 'set server.port to a number above 1023',
      })
    default:
      return failed({
        found: `nothing can listen at ${address} (${code})`,
        expected: 'a free port for metrics and health',
        advice: 'change "server"',
      })
  }
}

/** Whether the pages of metrics and health can be served. */
export const serverCheck = (
  whyNotListening: WhyNotListening,
  trail: Promise<Pick<Checked<TrailUse>, 'value'>>,
): Check<Configuration, true> => ({
  name: 'server',
  async ask({ server }) {
    const { host, port } = server
    const code = await whyNotListening(host, port)
    const found = port === 0 ? `${host} and any free port` : `${host}:${port} is free`
    if (code === undefined) return { finding: ok(found), value: true }
    if (code === 'EADDRINUSE' && (await trail).value === 'held') {
      return { finding: notChecked(`the daemon that holds the audit trail may listen at ${host}:${port}`) }
    }
    return { finding: listenFault(code, host, port) }
  },
})
