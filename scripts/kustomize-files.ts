import { renderText, type Values } from '../test/deploy/helm.ts'

const FOLDER = 'deploy/kubernetes'
const HEADER = '# Rendered from the templates of deploy/helm/curfew by `npm run generate`: edit those.\n'

/** The folders of Kustomize, with the values and the templates that they are rendered from. */
const RENDERED: ReadonlyArray<{
  readonly folder: string
  readonly values: readonly Values[]
  readonly templates: readonly string[]
}> = [
  {
    folder: 'base',
    values: ['audit', { persistence: { keep: false } }],
    templates: [
      'deployment',
      'network-policy',
      'persistent-volume-claim',
      'pod-disruption-budget',
      'service',
      'service-account',
    ],
  },
  {
    folder: 'components/prometheus-operator',
    values: ['audit', { serviceMonitor: { enabled: true }, prometheusRule: { enabled: true } }],
    templates: ['prometheus-rule', 'service-monitor'],
  },
  { folder: 'components/replicas', values: ['audit', 'replicas'], templates: ['migrate'] },
]

/** Labels by which Helm knows its releases, and the name of a Job that changes with its pod. */
const ofHelm = [
  /^ +(?:helm\.sh\/\w+|app\.kubernetes\.io\/(?:instance|version|managed-by)): .*\n/gm,
  /(?<=-migrate)-[0-9a-f]{8}$/gm,
]

/** The rendered objects by their template, with the comments of the template. */
const byTemplate = (rendering: string): ReadonlyMap<string, string> => {
  const objects = new Map<string, string>()
  for (const [, template = '', text = ''] of rendering.matchAll(
    /^# Source: curfew\/templates\/(\S+)\.yaml\n([^]*?)(?=^---\n|$(?![^]))/gm,
  ))
    objects.set(template, `${objects.has(template) ? `${objects.get(template)}---\n` : ''}${text.trimEnd()}\n`)
  return objects
}

/** The files of Kustomize that are rendered from the chart, by path. */
export const kustomizeFiles = async (): Promise<ReadonlyMap<string, string>> => {
  const files = new Map<string, string>()
  for (const { folder, values, templates } of RENDERED) {
    const objects = byTemplate(await renderText(values))
    for (const template of templates) {
      const text = ofHelm.reduce((rest, pattern) => rest.replaceAll(pattern, ''), objects.get(template) ?? '')
      files.set(`${FOLDER}/${folder}/${template}.yaml`, HEADER + text)
    }
  }
  return files
}
