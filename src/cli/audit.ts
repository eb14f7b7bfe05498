import type { CommandGroup } from './command.ts'

export const audit: CommandGroup = {
  actions: {
    show: {
      summary: 'show the terminations and the other events of a trail: who, when, by which policy and why',
      load: async () => (await import('./audit-show.ts')).auditShow,
    },
    policies: {
      summary: 'show which policies were in force when',
      load: async () => (await import('./audit-policies.ts')).auditPolicies,
    },
    verify: {
      summary: 'check the hash chain of an audit trail: that no line is missing, added, changed or moved',
      load: async () => (await import('./audit-verify.ts')).auditVerify,
    },
    export: {
      summary: 'write the chains of a database into files, which "audit verify" proves anywhere',
      load: async () => (await import('./audit-export.ts')).auditExport,
    },
  },
}
