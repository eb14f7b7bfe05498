import * as z from 'zod'
import { duration, durationOrZero } from '../domain/time/duration.ts'
import { ACTIONS } from './action-name.ts'
import { actionsOf, FAULT_KINDS } from './fault-kinds.ts'

const fault = z
  .strictObject({
    fault: z.enum(FAULT_KINDS),
    percent: z.number().positive().max(100).default(100).meta({ description: 'Of the requests it can strike.' }),
    actions: z.array(z.enum(ACTIONS)).min(1).optional().meta({ description: 'Without it: all that it can strike.' }),
    after: durationOrZero.default(0).meta({ description: 'When it begins, counted from the start.' }),
    for: duration.optional().meta({ description: 'How long it lasts. Without it: for good.' }),
    every: duration.optional().meta({ description: 'How often it comes back, counted from `after`.' }),
    by: duration.optional().meta({ description: 'How far ahead a `wrong-date` is. Without it: 10m.' }),
  })
  .superRefine((fault, context) => {
    const say = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message })
    const possible = actionsOf(fault.fault)
    for (const [index, action] of (fault.actions ?? []).entries()) {
      if (!possible.includes(action))
        context.addIssue({
          code: 'custom',
          path: ['actions', index],
          message: `${fault.fault} cannot strike ${action}, only ${possible.join(', ')}`,
        })
    }
    if (fault.every !== undefined && fault.for === undefined) say(['every'], '"every" needs a "for": how long it lasts')
    if (fault.every !== undefined && fault.every <= (fault.for ?? 0))
      say(['every'], '"every" must be longer than "for"')
    if (fault.by !== undefined && fault.fault !== 'wrong-date') say(['by'], '"by" goes with wrong-date alone')
  })

export const faultList = z.array(fault)

export type FaultScenario = z.output<typeof fault>
