import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { tableAfter } from './pages.ts'

interface Values {
  readonly resources: {
    readonly requests: { readonly memory: string }
    readonly limits: { readonly memory: string }
  }
}

it('the sizing tells the memory that was measured', () => {
  const told = tableAfter(
    'docs/operations.md',
    '**Memory.** The manifests request and limit it for a thousand connections.',
  )
  const measured = tableAfter('docs/performance.md', '### Resident memory')
  expect(told.map((row) => row.slice(0, 2))).toEqual(measured.map((row) => row.slice(0, 2)))
  const [allAtOnce] = tableAfter('docs/performance.md', '### All at once')
  expect(readFileSync('docs/operations.md', 'utf8')).toContain(`[${allAtOnce?.at(-1)} with 126,000]`)
})

it('the manifests request and limit the memory that the page tells for a thousand connections', () => {
  const [row] = tableAfter(
    'docs/operations.md',
    '**Memory.** The manifests request and limit it for a thousand connections.',
  )
  const { resources } = parse(readFileSync('deploy/helm/curfew/values.yaml', 'utf8')) as Values
  expect(row?.slice(2)).toEqual([resources.requests.memory, resources.limits.memory])
  const task = JSON.parse(readFileSync('deploy/ecs/task-definition.json', 'utf8')) as { readonly memory: string }
  expect(`${Number(task.memory) / 1024}Gi`).toBe(resources.limits.memory)
})
