import { expect } from 'vitest'
import type { workspace } from './curfew.ts'

/** The widths of a terminal: the narrowest that is common, and a wide one. */
const WIDTHS = [80, 140]

/**
 * Runs a command once for each width and compares the whole output with `golden/<name>.<width>.txt`. `npm run golden`
 * writes these files. A person reads them before they are committed.
 */
export const expectGolden = async (
  name: string,
  here: Pick<Awaited<ReturnType<typeof workspace>>, 'run'>,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<void> => {
  for (const width of WIDTHS) {
    const { code, stdout, stderr } = await here.run(args, { ...env, COLUMNS: String(width) })
    const errors = stderr === '' ? '' : `--- standard error ---\n${stderr}`
    const output = (stdout + errors).replaceAll(/(?<=127\.0\.0\.1:)\d+/g, 'PORT')
    const shown = `$ curfew ${args.join(' ')}\n${output}--- exit code ${code} ---\n`
    await expect(shown).toMatchFileSnapshot(`golden/${name}.${width}.txt`)
  }
}
