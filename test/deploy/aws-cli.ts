import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { CREDENTIALS } from '../cli/curfew.ts'

/** Exit codes of the AWS CLI: the command is malformed, or its request could not be sent. */
const MALFORMED = 252
const NOT_SENT = 255

/** Calls the AWS CLI of Debian as its own command does. Loading it takes longer than a command. */
const CLI = `
import contextlib, io, json, sys
from awscli.clidriver import AWSCLIEntryPoint
for args in json.load(sys.stdin):
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
        code = AWSCLIEntryPoint().main(args)
    print(json.dumps([code, errors.getvalue()]))
`

/**
 * The error of the AWS CLI for each malformed command; undefined for a command that it accepts. The CLI checks a
 * command against its model of the service. No server listens at the endpoint, so nothing is sent.
 */
export const awsComplaints = (
  commands: ReadonlyArray<readonly string[]>,
  cwd = '.',
): ReadonlyArray<string | undefined> => {
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', CLI], {
    cwd: resolve(cwd),
    encoding: 'utf8',
    input: JSON.stringify(commands.map((args) => [...args, '--endpoint-url', 'http://127.0.0.1:9'])),
    env: { ...CREDENTIALS, AWS_REGION: 'eu-central-1', AWS_CONFIG_FILE: '/dev/null', AWS_MAX_ATTEMPTS: '1' },
  })
  if (status !== 0) throw new Error(`the AWS CLI ended with ${status}: ${stderr}`)
  return stdout
    .trim()
    .split('\n')
    .map((line, index) => {
      const [code, error] = JSON.parse(line) as [number, string]
      if (code === NOT_SENT) return undefined
      if (code === MALFORMED) return error
      throw new Error(`aws ${commands[index]?.join(' ')} ended with ${code}: ${error}`)
    })
}

export const awsComplaint = (args: readonly string[], cwd?: string): string | undefined => awsComplaints([args], cwd)[0]
