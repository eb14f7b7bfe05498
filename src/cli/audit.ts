import type { CommandGroup } from './command.ts'

const help = `Usage: curfew audit ACTION [OPTION...]

Actions:
  verify  check the hash chain of an audit trail: that no line is missing, added, changed or moved

Run "curfew audit ACTION --help" for the options of an action.`

export const audit: CommandGroup = {
  help,
  actions: {
    verify: async () => (await import('./audit-verify.ts')).auditVerify,
  },
}
