import { HELP_OPTION } from '../arguments.ts'
import type { Commands, Operands, Option } from '../command.ts'

/** A command as a shell completes it. */
export interface CompletedCommand {
  /** Its words behind `curfew`. */
  readonly path: readonly string[]
  /** The words of which one comes next, with their summaries. A command that has actions takes nothing else. */
  readonly actions: ReadonlyArray<readonly [name: string, summary: string]>
  readonly options: ReadonlyArray<readonly [name: string, Option]>
  readonly operands: Operands | undefined
}

/** What a shell offers in place of a value. */
export type Offered =
  | { readonly offer: 'words'; readonly words: readonly string[] }
  | { readonly offer: 'files' | 'folders' | 'nothing' }

/** The placeholders of paths. */
const PATHS: Readonly<Record<string, 'files' | 'folders'>> = { FILE: 'files', PATH: 'files', DIR: 'folders' }

export const offeredFor = (placeholder: string, words: readonly string[] | undefined): Offered =>
  words === undefined ? { offer: PATHS[placeholder] ?? 'nothing' } : { offer: 'words', words }

/** The first clause of a summary. A list of a shell has one line for each word. */
export const briefly = (summary: string): string => summary.split(/; |: | \(|\. /)[0] ?? ''

export const completedCommands = async (
  commands: Commands,
  path: readonly string[],
): Promise<readonly CompletedCommand[]> => {
  const actions = Object.entries(commands).map(([name, { summary }]) => [name, summary] as const)
  const group = { path, actions, options: [], operands: undefined }
  const below = await Promise.all(
    Object.entries(commands).map(async ([name, { load }]) => {
      const loaded = await load()
      const own = [...path, name]
      if (!('run' in loaded)) return completedCommands(loaded.actions, own)
      const options = Object.entries<Option>({ ...loaded.options, ...HELP_OPTION })
      return [{ path: own, actions: [], options, operands: loaded.operands }]
    }),
  )
  return [group, ...below.flat()]
}
