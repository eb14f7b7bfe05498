import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { CREDENTIALS } from '../cli/curfew.ts'

/** The AWS CLI's exit codes for what it would not send, and for what it could not. */
const MALFORMED = 252
const NOT_SENT = 255

/**
 * What the AWS CLI has against a command, by the model of the service; undefined: it would be sent. Nobody listens where
 * it is sent to.
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
