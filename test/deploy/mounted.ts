import { chmod, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ConfigMap, Manifest, PodTemplate } from './kubernetes-objects.ts'

/** The data of the ConfigMaps, by name. */
export const configMapsOf = (objects: readonly Manifest[]) =>
  new Map(
    objects
      .filter(({ kind }) => kind === 'ConfigMap')
      .map((manifest) => [manifest.metadata.name, (manifest as ConfigMap).data]),
  )

/** Writes a ConfigMap like the kubelet: files are links into a folder that is replaced as a whole. */
const mount = async (folder: string, data: Readonly<Record<string, string>>) => {
  await mkdir(folder, { recursive: true })
  const version = await mkdtemp(join(folder, '..2026_11_23_12_00_00.'))
  await chmod(version, 0o755)
  for (const [name, text] of Object.entries(data)) {
    await writeFile(join(version, name), text)
    await rm(join(folder, name), { force: true })
    await symlink(join('..data', name), join(folder, name))
  }
  await symlink(basename(version), join(folder, '..data_tmp'))
  await rename(join(folder, '..data_tmp'), join(folder, '..data'))
}

/** Mounts the ConfigMaps of a pod below a folder, or brings edited ones there. */
export const mountConfigMaps = async (folder: string, { spec }: PodTemplate, objects: readonly Manifest[]) => {
  const data = configMapsOf(objects)
  for (const { name, mountPath } of spec.containers[0]?.volumeMounts ?? []) {
    const configMap = spec.volumes.find((one) => one.name === name)?.configMap?.name
    if (configMap !== undefined) await mount(join(folder, mountPath), data.get(configMap) ?? {})
  }
}
