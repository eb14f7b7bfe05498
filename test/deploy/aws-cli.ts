import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { CREDENTIALS } from '../cli/curfew.ts'

/** Exit codes of the AWS CLI: the command is malformed, or its request could not be sent. */
const MALFORMED = 252
const NOT_SENT = 255

/**
 * The error of the AWS CLI for a malformed command; undefined if the CLI accepts it. The CLI checks the command against
 * its model of the service. No server listens at the endpoint, so nothing is sent.
 */
export const awsComplaint = (args: readonly string[], cwd = '.'): string | undefined => {
  const { status, stderr } = spawnSync('/usr/bin/aws', [...args, '--endpoint-url', 'http://127.0.0.1:9'], {
    cwd: resolve(cwd),
    encoding: 'utf8',
    env: { ...CREDENTIALS, AWS_REGION: 'eu-central-1', AWS_CONFIG_FILE: '/dev/null', AWS_MAX_ATTEMPTS: '1' },
  })
  if (status === NOT_SENT) return undefined
  if (status === MALFORMED) return stderr
  throw new Error(`aws ${args.join(' ')} ended with ${status}: ${stderr}`)
}
