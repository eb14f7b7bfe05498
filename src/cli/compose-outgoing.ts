import { type Outgoing, readOutgoing } from '../adapters/proxy/outgoing.ts'
import { OperatorError } from './command.ts'

/** How requests leave this machine, as its environment says. Throws if a variable is wrong. */
export const composeOutgoing = (): Outgoing => {
  const outgoing = readOutgoing(process.env)
  if ('problems' in outgoing) throw new OperatorError(outgoing.problems.join('\n'))
  return outgoing
}
