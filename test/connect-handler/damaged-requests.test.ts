import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requestOf } from '../../src/domain/door/request.ts'
import { createRandom } from '../../src/simulator/random.ts'
import { fuzzRuns } from '../fuzz-runs.ts'
import { IS_NIGHTLY } from '../nightly.ts'
import { validAnswer } from './answers.ts'
import { buildInto } from './built-zip.ts'
import { damagedRequest } from './damaged.ts'
import type { Call } from './handler-child.ts'
import { startHandlerProcess } from './handler-process.ts'
import { loggedLine } from './logged-line.ts'
import { MONDAY, OFFICE, PEOPLE, SATURDAY } from './office.ts'
import { REQUESTS as SAMPLES } from './requests.ts'
import { createTaskFolder } from './task-folder.ts'

/** Enough for several faults in one request. Each takes a tenth of a millisecond. */
const REQUESTS = IS_NIGHTLY ? 100_000 : 25_000
const BATCH = 2_500

/** Handlers with a damaged policy set. */
const DAMAGED_SETS = fuzzRuns(60)

const folder = createTaskFolder()
let handler = ''

beforeAll(async () => {
  handler = (await buildInto(folder.path, OFFICE)).handler
})

afterAll(() => folder[Symbol.dispose]())

/** What is wrong with the handling of a call; undefined: nothing. */
const flawOf = ({ event }: Call, outcome: { answer?: unknown; threw?: string; log: string } | undefined) => {
  try {
    if (outcome?.threw !== undefined) return `it threw ${outcome.threw}`
    const { allow } = validAnswer(event, outcome?.answer)
    const { Decision } = loggedLine(outcome?.log ?? '')
    if (allow !== (Decision !== 'deny')) return `the answer is ${allow}, and the log says ${Decision}`
    // Only a request without an endpoint cannot be judged.
    const isJudged = requestOf(event).endpointId !== undefined
    return (Decision === 'on-error') === isJudged ? `it decided otherwise: ${outcome?.log}` : undefined
  } catch (error) {
    return String(error)
  }
}

describe('the built handler', () => {
  it(`gives a valid answer, and logs a line, for each of ${REQUESTS.toLocaleString('en')} damaged requests`, async () => {
    const [seed = 0] = fc.sample(fc.integer(), 1)
    const random = createRandom(seed).world
    const people = Object.values(PEOPLE)
    const batch = () =>
      Array.from({ length: BATCH }, (_, index): Call => {
        const person = people[index % people.length] ?? PEOPLE.nobody
        return { at: index % 2 === 0 ? MONDAY : SATURDAY, event: damagedRequest(random, person) }
      })
    await using handlers = await startHandlerProcess()
    const flaws: unknown[] = []
    let calls = batch()
    for (let done = 0; done < REQUESTS && flaws.length === 0; done += BATCH) {
      const answering = handlers.call(handler, calls)
      const next = batch()
      const { outcomes, touched } = await answering
      if (touched.length > 0) flaws.push(touched)
      for (const [index, call] of calls.entries()) {
        const flaw = flawOf(call, outcomes[index])
        if (flaw !== undefined) flaws.push({ event: call.event, flaw })
      }
      calls = next
    }
    expect(flaws.slice(0, 3)).toEqual([])
  })

  it('answers with onError where its policy set is damaged, or with what the damaged set says', async () => {
    const text = readFileSync(handler, 'utf8')
    const begin = text.lastIndexOf("rules: '") + "rules: '".length
    const end = text.lastIndexOf("'")
    expect(end - begin).toBeGreaterThan(1000)
    const [seed = 0] = fc.sample(fc.integer(), 1)
    const random = createRandom(seed).world
    const damaged = (from: number, to: number, by: string) => text.slice(0, from) + by + text.slice(to)
    const variants = Array.from({ length: DAMAGED_SETS }, () => {
      // A letter or digit for another keeps the file a module: its quotes stay where they are.
      let at = begin
      do at = random.within({ from: begin, to: end - 1 })
      while (!/^[A-Za-z0-9]$/.test(text[at] ?? ''))
      return damaged(at, at + 1, random.hex(1).slice(0, 1))
    })
    const cut = [
      damaged(begin, end, ''),
      damaged(begin, end, '[]'),
      damaged(begin, end, '[{}]'),
      damaged(end - 9, end, ''),
    ]
    await using handlers = await startHandlerProcess()
    const calls = Object.values(PEOPLE).map((person): Call => ({ at: MONDAY, event: SAMPLES.v3(person) }))
    const undecided = { turned: 0, cut: 0 }
    for (const [index, variant] of [...cut, ...variants].entries()) {
      const path = join(folder.path, `damaged-${index}.mjs`)
      writeFileSync(path, variant)
      const { outcomes } = await handlers.call(path, calls)
      for (const [at, call] of calls.entries()) {
        const allowed = validAnswer(call.event, outcomes[at]?.answer).allow
        const { Decision } = loggedLine(outcomes[at]?.log ?? '')
        expect(allowed).toBe(Decision !== 'deny')
        if (Decision === 'on-error') undecided[index < cut.length ? 'cut' : 'turned']++
      }
    }
    expect(undecided.cut).toBe(cut.length * calls.length)
    expect(undecided.turned).toBeGreaterThan(0)
  })
})
