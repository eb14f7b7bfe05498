import { readFileSync } from 'node:fs'
import { FOLDER } from '../deploy/terraform/modules.ts'
import { moduleAt, planOf } from '../deploy/terraform/plan.ts'
import { podmanSays } from './podman.ts'
import { folderOf } from './scratch.ts'

/** What ECS runs, in the names of its API. */
interface Definition {
  readonly image: string
  readonly command: readonly string[]
  readonly user: string
  readonly readonlyRootFilesystem: boolean
  readonly linuxParameters: { readonly capabilities: { readonly drop: readonly string[] } }
  readonly mountPoints: readonly { readonly containerPath: string }[]
  readonly healthCheck: { readonly command: readonly string[] }
}

/** An image with a configuration in it, as deploy/ecs/Dockerfile makes it. */
export const configuredImage = async (tag: string, image: string, config: Readonly<Record<string, string>>) => {
  const files = Object.entries(config).map(([name, text]) => [`config/${name}`, text] as const)
  const context = folderOf('task', {
    ...Object.fromEntries(files),
    Dockerfile: readFileSync('deploy/ecs/Dockerfile', 'utf8'),
  })
  const given = [`--build-arg=CURFEW=${image}`, '--pull=never', '--format=docker', `--tag=${tag}`]
  await podmanSays('build', '--quiet', ...given, context)
}

/** The container of the task that the Terraform module plans, as a command of podman. `volume` stands for its file system. */
export const fargateTask = async (image: string, volume: string) => {
  const given = { image: `${image}@sha256:${'0'.repeat(64)}`, vpc_id: 'vpc-0', subnet_ids: ['subnet-0', 'subnet-1'] }
  const { resources } = await planOf(moduleAt(`${FOLDER}/ecs`), given)
  const task = resources.find(({ address }) => address === 'aws_ecs_task_definition.this')?.arguments
  const [container] = JSON.parse(String(task?.container_definitions)) as readonly Definition[]
  if (container === undefined) throw new Error('the task has no container')
  return {
    args: [
      `--user=${container.user}`,
      `--read-only=${container.readonlyRootFilesystem}`,
      ...container.linuxParameters.capabilities.drop.map((name) => `--cap-drop=${name}`),
      ...container.mountPoints.map(({ containerPath }) => `--volume=${volume}:${containerPath}`),
      container.image.replace(/@.*/, ''),
      ...container.command,
    ],
    healthCheck: container.healthCheck.command.slice(1),
  }
}
