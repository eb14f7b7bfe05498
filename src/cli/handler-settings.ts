import { type DoorRules, ON_ERROR, type OnError } from '../domain/door/door-rules.ts'
import { MODES, type Mode } from '../domain/policies/policy.ts'
import { complain, type Given, oneOf } from './command.ts'

/** The settings of the client connect handler that take the place of those of the file. */
interface HandlerSettings {
  readonly mode: Mode | undefined
  readonly onError: OnError | undefined
}

/** The options of every command that asks or builds the handler. */
export const HANDLER_OPTIONS = {
  mode: {
    value: 'MODE',
    words: MODES,
    summary:
      'the mode of the handler; audit lets everybody in, and logs whom it would deny (default: "connectHandler.mode", else "mode")',
  },
  'on-error': {
    value: 'ANSWER',
    words: ON_ERROR,
    summary:
      'the answer when the handler cannot decide; in audit mode it is always allow (default: "connectHandler.onError", else allow)',
  },
} as const

export const handlerSettingsOf = (values: Given['values']): HandlerSettings => ({
  mode: values.mode === undefined ? undefined : oneOf('mode', values.mode, MODES),
  onError: values['on-error'] === undefined ? undefined : oneOf('on-error', values['on-error'], ON_ERROR),
})

/** Says that an answer that was asked for has no effect. */
export const complainOfDropped = ({ onError }: HandlerSettings, rules: DoorRules): void => {
  if (onError === undefined || onError === rules.onError) return
  complain(
    `curfew: --on-error ${onError} has no effect: the mode is ${rules.mode}, in which the handler lets everybody in, also when it cannot decide`,
  )
}
