import type { CommandGroup } from './command.ts'

const help = `Usage: curfew audit ACTION [OPTION...]

Actions:
  show      show the terminations and the other events of a trail: who, when, by which policy and why
  policies  show which policies were in force when
  verify    check the hash chain of an audit trail: that no line is missing, added, changed or moved

Run "curfew audit ACTION --help" for the options of an action.`

export const audit: CommandGroup = {
  help,
  actions: {
    show: async () => (await import('./audit-show.ts')).auditShow,
    policies: async () => (await import('./audit-policies.ts')).auditPolicies,
    verify: async () => (await import('./audit-verify.ts')).auditVerify,
  },
}
