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
