import { suggestion } from '../config/yaml/nearest.ts'
import { FAULT_KINDS, type FaultKind } from './fault-kinds.ts'
import { type FaultScenario, faultList } from './fault-schema.ts'

/**
 * Parses faults in the short form of the command line, such as `throttle=5,reset`: a kind, and the percentage of requests
 * that have the fault. Without a percentage all have it.
 */
export const parseFaultWords = (
  text: string,
): { readonly faults: readonly FaultScenario[] } | { readonly problem: string } => {
  const faults = []
  for (const word of text.split(',')) {
    const [, fault = '', , percent = '100'] = /^([^=]*)(=(.*))?$/s.exec(word) ?? []
    if (!FAULT_KINDS.includes(fault as FaultKind))
      return {
        problem: `unknown fault "${fault}"${suggestion(fault, FAULT_KINDS) || ': "curfew simulate --help" lists the kinds'}`,
      }
    if (!(/^\d+(\.\d+)?$/.test(percent) && Number(percent) > 0 && Number(percent) <= 100))
      return { problem: `"${word}": expected a percentage above 0 and up to 100 after "=", found "${percent}"` }
    faults.push({ fault: fault as FaultKind, percent: Number(percent) })
  }
  return { faults: faultList.parse(faults) }
}
