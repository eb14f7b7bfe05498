import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { render, type Values } from '../deploy/helm.ts'
import type { Deployment } from '../deploy/kubernetes-objects.ts'
import { mountConfigMaps } from '../deploy/mounted.ts'
import { scratch } from './scratch.ts'

/** The pod that the chart renders, as a command of podman: its image, arguments, variables, rights and volumes. */
export const chartPod = async (claim: string, values: readonly Values[]) => {
  const folder = join(scratch, 'chart')
  await mkdir(folder)
  /** Renders the chart, and writes its ConfigMaps where the pod reads them. */
  const apply = async (given: readonly Values[]) => {
    const objects = await render(given)
    const deployment = objects.find(({ kind }) => kind === 'Deployment') as Deployment
    await mountConfigMaps(folder, deployment.spec.template, objects)
    return deployment.spec.template.spec
  }
  const { securityContext: ofPod = {}, containers, volumes } = await apply(values)
  const [container] = containers
  if (container === undefined) throw new Error('the pod has no container')
  const { image, args, env = [], volumeMounts, securityContext = {} } = container
  const mounts = volumeMounts.map(({ name, mountPath, readOnly }) => {
    const isClaim = volumes.some((volume) => volume.name === name && volume.persistentVolumeClaim !== undefined)
    return `--volume=${isClaim ? claim : join(folder, mountPath)}:${mountPath}${readOnly === true ? ':ro' : ''}`
  })
  return {
    args: [
      `--user=${String(ofPod.runAsUser)}:${String(ofPod.runAsGroup)}`,
      `--read-only=${String(securityContext.readOnlyRootFilesystem)}`,
      ...(securityContext.capabilities?.drop ?? []).map((name) => `--cap-drop=${name}`),
      ...(securityContext.allowPrivilegeEscalation === false ? ['--security-opt=no-new-privileges'] : []),
      ...env.map(({ name, value }) => `--env=${name}=${value}`),
      ...mounts,
      image,
      ...args,
    ],
    probes: [container.startupProbe, container.livenessProbe, container.readinessProbe].map(
      (probe) => probe?.httpGet?.path ?? '',
    ),
    /** Applies more values. Only the ConfigMaps reach a pod that runs. */
    edit: (more: Values) => apply([...values, more]),
  }
}
