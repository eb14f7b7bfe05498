import type { TrailCondition } from '../../adapters/audit/inspect-trail.ts'
import type { NotWritable } from '../../adapters/files/writable.ts'
import type { Configuration } from '../../config/configuration.ts'
import type { Check } from './examination.ts'
import { failed, ok, warning } from './finding.ts'

interface Disk {
  whyNotWritable(file: string): Promise<NotWritable | undefined>
  inspectTrail(file: string): Promise<TrailCondition>
}

/** Whether the trail is free for the daemon, or held by a daemon that runs. */
export type TrailUse = 'free' | 'held'

/** Whether the audit trail can be written and continued. Without it the daemon ends nothing. */
export const auditCheck = (disk: Disk): Check<Configuration, TrailUse> => ({
  name: 'audit',
  async ask({ audit: { file }, engine }) {
    if (engine.kind === 'postgres') return { finding: ok('the trail is in the database'), value: 'free' }
    const obstacle = await disk.whyNotWritable(file)
    if (obstacle !== undefined) {
      const found = `${file} cannot be written: ${obstacle.path}: ${obstacle.why}`
      const advice = `${obstacle.advice}, or set audit.file to another path`
      return { finding: failed({ found, expected: 'a file on a disk with space, in a folder of its own', advice }) }
    }
    const trail = await disk.inspectTrail(file)
    switch (trail.state) {
      case 'none':
        return { finding: ok(`${file} will be created`), value: 'free' }
      case 'whole':
        return { finding: ok(`${file} has ${trail.seq} records and can be continued`), value: 'free' }
      case 'unreadable': {
        const found = `${file} or its lock cannot be read (${trail.code})`
        const advice = "let Curfew's user read the files there, or run this command as that user"
        return { finding: failed({ found, expected: 'files that can be read', advice }) }
      }
      case 'damaged': {
        const advice = `check it with "curfew audit verify ${file}", move it elsewhere as evidence, and start again without it`
        return { finding: failed({ found: trail.why, expected: 'a file that can be continued', advice }) }
      }
      case 'held': {
        const { by, life } = trail.held
        const found = `${by}, holds ${file}${life === 'unknown' ? ', and may be on another machine' : ''}: another "curfew run" with this file does not start`
        const advice =
          'if it is the daemon that you mean, all is well; else stop it, or give this one its own audit.file'
        return { finding: warning({ found, expected: 'one process for each audit file', advice }), value: 'held' }
      }
    }
  },
})
