import * as z from 'zod'
import { duration, durationOrZero } from '../domain/time/duration.ts'
import { ACTIONS } from './action-name.ts'
import { actionsOf, FAULT_KINDS } from './fault-kinds.ts'

const fault = z
  .strictObject({
    fault: z.enum(FAULT_KINDS),
    percent: z
      .number()
      .positive()
      .max(100)
      .default(100)
      .meta({ description: 'The share of the requests that the fault applies to.' }),
    actions: z
      .array(z.enum(ACTIONS))
      .min(1)
      .optional()
      .meta({ description: 'Without it: all actions that the fault applies to.' }),
    after: durationOrZero.default(0).meta({ description: 'When the fault begins, counted from the start.' }),
    for: duration.optional().meta({ description: 'How long the fault lasts. Without it: until the simulator stops.' }),
    every: duration.optional().meta({ description: 'The period after which the fault repeats, counted from `after`.' }),
    by: duration.optional().meta({ description: 'How far a `wrong-date` is in the future. Without it: 10m.' }),
  })
  .superRefine((fault, context) => {
    const report = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message })
    const possible = actionsOf(fault.fault)
    for (const [index, action] of (fault.actions ?? []).entries()) {
      if (!possible.includes(action))
        context.addIssue({
          code: 'custom',
          path: ['actions', index],
          message: `the fault ${fault.fault} does not apply to ${action}, only to ${possible.join(', ')}`,
        })
    }
    if (fault.every !== undefined && fault.for === undefined)
      report(['every'], '"every" needs a "for": how long the fault lasts each time')
    if (fault.every !== undefined && fault.every <= (fault.for ?? 0))
      report(['every'], '"every" must be longer than "for"')
    if (fault.by !== undefined && fault.fault !== 'wrong-date')
      report(['by'], '"by" is valid only for the fault wrong-date: remove it')
  })

export const faultList = z.array(fault)

export type FaultScenario = z.output<typeof fault>
