import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const CHILD = fileURLToPath(new URL('./unwritable-log-child.ts', import.meta.url))

/** The answers of a process that writes its log to `output`, and the code with which it ends. */
const answersWith = async (output: 'pipe' | number) => {
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD], { stdio: ['ignore', output, 'inherit', 'ipc'] })
  const ended = once(child, 'close')
  // Nobody reads the pipe any more before the first line is written.
  child.stdout?.destroy()
  child.send('begin')
  const [answers] = (await Promise.race([once(child, 'message'), ended.then(() => [undefined])])) as [unknown]
  const [code] = (await ended) as [number | null]
  return { answers, code }
}

const DECIDED = { answers: [false, true, false, true, false], code: 0 }

it('a log that is a closed pipe changes no answer, and ends no process', async () => {
  expect(await answersWith('pipe')).toEqual(DECIDED)
})

it('a log on a full device changes no answer, and ends no process', async () => {
  const full = openSync('/dev/full', 'w')
  try {
    expect(await answersWith(full)).toEqual(DECIDED)
  } finally {
    closeSync(full)
  }
})
