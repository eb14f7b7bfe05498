import { inspectTrail } from '../adapters/audit/inspect-trail.ts'
import { readStateFile } from '../adapters/files/state-file.ts'
import { whyNotWritable } from '../adapters/files/writable.ts'
import { hostClock } from '../adapters/host/clock.ts'
import { whyNotListening } from '../adapters/host/free-address.ts'
import { agingCertificate } from '../adapters/http/certificate-life.ts'
import { CredentialsError, readCredentials } from '../adapters/http/credentials.ts'
import { readOutgoing } from '../adapters/proxy/outgoing.ts'
import { variableOf } from '../adapters/proxy/proxy.ts'
import { createReadBudgets } from '../app/read-budget.ts'
import { createSkewClock } from '../app/skew-clock.ts'
import type { Configuration } from '../config/configuration.ts'
import { assignmentOf } from './assignment.ts'
import { OperatorError } from './command.ts'
import { connectVpn } from './compose-aws.ts'
import { exposedRequests, exposedSecrets } from './compose-exposure.ts'
import { readConfiguration } from './compose-files.ts'
import { composeLinks } from './compose-links.ts'
import { readTargets } from './compose-notify.ts'
import { readPseudonymKey } from './compose-pseudonyms.ts'
import { reviewConfiguration } from './compose-warnings.ts'
import type { Ports } from './doctor/ports.ts'
import { problemLines } from './problems.ts'

/** The variables that say how requests leave this machine, each in all its spellings. */
const OUTGOING_VARIABLES = [['https_proxy', 'HTTPS_PROXY'], ['no_proxy', 'NO_PROXY'], ['AWS_CA_BUNDLE']]

/** One line for a secret or a certificate that the server cannot use. */
const serverProblems = async ({ server }: Configuration): Promise<readonly string[]> => {
  try {
    await readCredentials(server)
    composeLinks(server)
    return []
  } catch (error) {
    if (error instanceof CredentialsError || error instanceof OperatorError) return [error.message]
    throw error
  }
}

/** One line for the URL of a database, or its authorities, that a replica cannot use. */
const databaseProblems = async ({ engine }: Configuration): Promise<readonly string[]> => {
  if (engine.kind === 'files') return []
  const { accessOf } = await import('./compose-database.ts')
  try {
    accessOf(engine, 'curfew doctor')
    return []
  } catch (error) {
    if (error instanceof OperatorError) return [error.message]
    throw error
  }
}

/** What the checks of `curfew doctor` ask: the files, the host and AWS, as the daemon with this file sees them. */
export const composeDoctor = (path: string): Ports => {
  let skewMs = 0
  const skewClock = createSkewClock(hostClock, (skew) => {
    if (Math.abs(skew.skewMs) > Math.abs(skewMs)) skewMs = skew.skewMs
  })
  const budgets = createReadBudgets(skewClock)
  return {
    clock: { ...skewClock, skewMs: () => skewMs },
    files: {
      load() {
        const { configuration } = readConfiguration(path)
        const { problems } = reviewConfiguration(path)
        const of = (severity: 'error' | 'warning') => problemLines(problems.filter((one) => one.severity === severity))
        return { configuration, errors: of('error'), warnings: of('warning') }
      },
    },
    secrets: {
      async problems(configuration) {
        const notify = readTargets(configuration.notify)
        const pseudonyms = readPseudonymKey(configuration.log)
        return [
          ...('problems' in notify ? notify.problems : []),
          ...('problem' in pseudonyms ? [pseudonyms.problem] : []),
          ...(await serverProblems(configuration)),
          ...(await databaseProblems(configuration)),
        ]
      },
      async aging({ server }) {
        const { lives } = await readCredentials(server)
        return agingCertificate(lives, hostClock.now())
      },
      exposures: async (configuration) => [...(await exposedSecrets(configuration)), ...exposedRequests()],
    },
    disk: {
      whyNotWritable,
      inspectTrail,
      async readState(file) {
        const read = await readStateFile(file)
        return read.kind === 'state' ? { endpoints: Object.keys(read.state.endpoints).length } : read
      },
    },
    examineEngine: async (settings, signal) => {
      const { examineEngine } = await import('./compose-examination.ts')
      return examineEngine(settings, signal)
    },
    whyNotListening,
    watchOf: (configuration) => assignmentOf(configuration).watch,
    environment: {
      outgoing: () => readOutgoing(process.env),
      set: () =>
        OUTGOING_VARIABLES.flatMap((names) => {
          const found = variableOf(process.env, names)
          return found === undefined ? [] : [found.name]
        }),
    },
    connect: (site, { poll }, outgoing) =>
      connectVpn({
        site,
        account: undefined,
        poll: () => poll,
        budgets,
        clock: skewClock,
        hear: skewClock.hear,
        outgoing,
      }),
  }
}
