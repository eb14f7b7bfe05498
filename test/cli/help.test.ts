import { afterEach, describe, expect, it, vi } from 'vitest'
import { runInProcess } from './in-process.ts'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

const run = (...args: readonly string[]) => runInProcess(args)

const helpOf = async (...words: readonly string[]) => (await run('help', ...words)).stdout

/** The names in the list of a help that has this heading. */
const rowsOf = (help: string, heading: string): readonly string[] => {
  const [, rows = ''] = help.split(`\n${heading}:\n`)
  return [...(rows.split('\n\n')[0] ?? '').matchAll(/^ {2}(?:-\w, | {4})?([\w-]+)/gm)].map(([, name = '']) => name)
}

/** Every command with its actions, such as `audit show`. */
const commands: (readonly string[])[] = []
for (const name of rowsOf(await helpOf(), 'Commands')) {
  const actions = rowsOf(await helpOf(name), 'Actions')
  commands.push(...(actions.length === 0 ? [[name]] : actions.map((action) => [name, action])))
}

describe('the help', () => {
  it('of every command is found by "help" and by its option, and fits the terminal', async () => {
    expect(commands.length).toBeGreaterThan(10)
    // Without a width, as in a pipe, it has the one of a usual terminal.
    for (const columns of [undefined, 80, 140]) {
      vi.stubEnv('COLUMNS', columns?.toString())
      for (const words of commands) {
        const help = await helpOf(...words)
        expect(await run(...words, '--help')).toEqual({ code: 0, stdout: help, stderr: '' })
        expect((await run(...words, '-h')).stdout).toBe(help)
        // A line to paste stays whole.
        const long = help
          .split('\n')
          .filter((line) => line.length > Math.min(columns ?? 80, 100) && !line.includes('export '))
        expect(long).toEqual([])
      }
    }
  })

  it('of every command names exactly the options that it takes, and each misspelled one is recognized', async () => {
    for (const words of commands) {
      const options = rowsOf(await helpOf(...words), 'Options').map((name) => name.replace(/^--/, ''))
      expect(options).toContain('help')
      for (const option of options) {
        const misspelled = await run(...words, `--${option}x`)
        expect(misspelled.code).toBe(64)
        expect(misspelled.stderr).toMatch(new RegExp(`^curfew ${words.join(' ')}: unknown option .* did you mean "--`))
        expect((await run(...words, `--${option}`, '--help')).stderr).not.toContain('unknown option')
      }
    }
  })
})

describe('the version', () => {
  it('is printed alone, with what runs it, and as JSON', async () => {
    const { stdout } = await run('--version')
    const version = stdout.trim()
    expect(version).toMatch(/^\d+\.\d+\.\d+/)
    const node = process.version.slice(1)
    const { platform, arch } = process
    expect((await run('version')).stdout).toBe(`curfew ${version}\nnode ${node} on ${platform} (${arch})\n`)
    const json: unknown = JSON.parse((await run('version', '--output', 'json')).stdout)
    expect(json).toEqual({ version, node, platform, architecture: arch })
  })
})
