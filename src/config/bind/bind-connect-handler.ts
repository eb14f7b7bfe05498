import type { PostureRule } from '../../domain/door/door-rules.ts'
import type { CurfewKeys } from '../schema/curfew-schema.ts'
import type { YamlFile } from '../yaml/yaml-file.ts'
import { bindSelector } from './bind-selector.ts'
import type { References } from './references.ts'
import { sharedOf } from './shared.ts'

type Written = NonNullable<CurfewKeys['connectHandler']>

/** The settings of the client connect handler. A rule of `posture` selects connections as a policy does. */
export const bindConnectHandler = (
  file: YamlFile,
  { mode, onError, posture }: Written,
  references: References,
): Pick<Written, 'mode' | 'onError'> & { readonly posture: readonly PostureRule[] } => ({
  mode,
  onError,
  posture: posture.map(({ status, match }, index): PostureRule => {
    const shared = sharedOf(file, ['connectHandler', 'posture', index], {}, references, undefined)
    if (match !== undefined && Object.keys(match).length === 0) shared.problem(['match'], EMPTY)
    return { status, match: bindSelector(match, 'match', shared) }
  }),
})

const EMPTY =
  'the selector is empty: write "users", "endpoints", "regions" or "door", or remove the key for all connections'
