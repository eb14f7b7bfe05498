import { setImmediate } from 'node:timers/promises'
import { handlerOf } from '../../src/door/lambda.ts'
import { baked, MALLORY } from '../door/rules.ts'

// A process whose log cannot be written. It asks the handler again and again, and sends the answers to its parent.

const handler = handlerOf(baked({}))
const askAll = async () => {
  const allowed: boolean[] = []
  for (const username of ['mallory', 'alice', 'mallory', 'alice', 'mallory']) {
    const { allow } = await handler({ ...MALLORY, username }, {})
    allowed.push(allow)
    // The error of a write arrives after the answer.
    await setImmediate()
  }
  process.send?.(allowed, () => process.disconnect())
}
process.once('message', () => void askAll())
