/** AWS's longest denial has some 450 characters. It names the caller at its beginning, and the reason at its end. */
const LONGEST_CHARACTERS = 500

const shortened = (line: string): string => {
  if (line.length <= LONGEST_CHARACTERS) return line
  const half = LONGEST_CHARACTERS / 2
  return `${line.slice(0, half)} … ${line.slice(-half)}`
}

/**
 * A run of letters and digits that is as long as a secret key. An ARN with the path of a role, and a code of AWS such as
 * InvalidClientVpnActiveAssociationNotFound, are as long, and no secrets.
 */
const LONG_RUN = /\barn:\S+|[A-Za-z0-9+/=_]{40,}/g
const IS_SHOWN = /^arn:|^(?:[A-Z][a-z]+)+$/

/**
 * The first line of a message of AWS, the SDK or Node, without the parts that must not reach a log: authorization
 * messages, signatures, access keys, and the command line of a failed `credential_process`.
 */
export const quotable = (text: string): string => {
  const line = (text.trim().split(/[\r\n\u2028\u2029]/, 1)[0] ?? '')
    .replace(/\s*Encoded authorization failure message:.*/i, '')
    .replace(/\bCommand failed:.*/i, 'Command failed')
    .replace(/\bA[KS]IA[A-Z0-9]{8,}/g, '…')
    .replace(LONG_RUN, (run) => (IS_SHOWN.test(run) ? run : '…'))
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .replace(/\.$/, '')
  return shortened(line)
}
