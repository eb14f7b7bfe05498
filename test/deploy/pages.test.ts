import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { workspace } from '../cli/curfew.ts'
import { blocks } from '../docs/pages.ts'
import { awsComplaint, awsComplaints } from './aws-cli.ts'
import { parseTemplate } from './cloudformation.ts'
import { helm } from './helm.ts'
import { kubernetesProgram } from './kubernetes-layer.ts'

/** Other lines of such a block are output. Curfew's own commands are checked with those of all pages. */
const commandsOf = (page: string) =>
  blocks
    .filter((block) => block.page === page && block.language === 'console')
    .flatMap(({ text }) => text.match(/^\$ (?!curfew ).*$/gm) ?? [])

const PAGES = ['docs/kubernetes.md', 'docs/ecs.md', 'docs/connect-handler.md']
const commands = PAGES.flatMap(commandsOf).map((line) => line.replace(/^\$ /, ''))
const of = (start: string) => commands.filter((command) => command.startsWith(start))

let kubectl: string
beforeAll(async () => {
  kubectl = await kubernetesProgram('kubectl')
})

/** The commands that ask AWS's API, with the name of its service. */
const askAws = ['ec2', 'ecs', 'iam', 'lambda', 'logs', 's3api', 'secretsmanager'].flatMap((service) =>
  of(`aws ${service} `),
)

/** The error of kubectl for a command and its options. With `--help` kubectl does nothing else. */
const kubectlComplaint = (args: readonly string[]): string | undefined => {
  const { status, stdout, stderr } = spawnSync(kubectl, [...args, '--help'], { encoding: 'utf8' })
  if (status !== 0) return stderr
  // For an unknown second word, kubectl shows the help of the first word.
  return /^Usage:\n.* SUBCOMMAND\b/m.test(stdout) ? stdout : undefined
}

/** The error of Helm for a command and its options. An installation is rendered. Otherwise, with `--help` Helm does nothing. */
const helmComplaint = async (args: readonly string[]): Promise<string | undefined> => {
  const isInstallation = args[0] === 'upgrade' && args[1] === '--install'
  try {
    await helm(...args, '--help')
    if (isInstallation) await helm('template', ...args.slice(2))
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

const optionOf = (command: string, option: string) => new RegExp(`${option} (\\S+)`).exec(command)?.[1] ?? ''

/** Why a template cannot be deployed with the parameters of a command. */
const deploymentProblems = (command: string): readonly string[] => {
  const { Parameters = {}, Resources } = parseTemplate(readFileSync(optionOf(command, '--template-file'), 'utf8'))
  const given = (command.split(' --parameter-overrides ')[1] ?? '')
    .split(' ')
    .map((pair) => pair.split('=', 1)[0] ?? '')
  const createsRoles = Object.values(Resources).some(({ Type }) => Type.startsWith('AWS::IAM::'))
  return [
    ...given.filter((name) => !Object.hasOwn(Parameters, name)).map((name) => `${name} is not a parameter`),
    ...Object.entries(Parameters).flatMap(([name, parameter]) =>
      Object.hasOwn(parameter, 'Default') || given.includes(name) ? [] : [`${name} is missing`],
    ),
    ...(createsRoles && !command.includes(' --capabilities CAPABILITY_IAM ') ? ['the template creates roles'] : []),
  ]
}

describe('the commands of the pages on deployment', () => {
  it('are all checked', () => {
    const seen = ['kubectl ', 'helm ', 'aws cloudformation deploy ', 'docker build ', 'docker push ']
      .map(of)
      .concat([askAws])
    for (const some of seen) expect(some).not.toEqual([])
    expect(seen.flat()).toHaveLength(commands.length)
  })

  it.each(of('kubectl '))('%s', async (command) => {
    const [args = '', inside] = command.split(' -- ')
    expect(kubectlComplaint(args.split(' ').slice(1))).toBeUndefined()
    const [, folder] = /(?:kustomize|apply -k) (\S+)/.exec(args) ?? []
    if (folder !== undefined) expect(existsSync(join(folder, 'kustomization.yaml'))).toBe(true)
    const [, file] = /apply -f (\S+)/.exec(args) ?? []
    if (file !== undefined) expect(existsSync(file)).toBe(true)
    if (inside === undefined) return
    // The last stage is the image.
    const [, entry = ''] =
      readFileSync('Dockerfile', 'utf8')
        .match(/^ENTRYPOINT (.*)$/gm)
        ?.at(-1)
        ?.split('ENTRYPOINT ') ?? []
    // A command that ends soon needs no limit of its memory.
    const start = (JSON.parse(entry) as readonly string[]).filter((part) => !part.startsWith('--max-'))
    expect(inside.split(' ').slice(0, start.length)).toEqual(start)
    await using here = await workspace({})
    expect((await here.run([...inside.split(' ').slice(start.length), '--help'])).code).toBe(0)
  })

  it.each(of('helm '))('%s', async (command) => {
    expect(await helmComplaint(command.split(' ').slice(1))).toBeUndefined()
  })

  it('that ask AWS are accepted by the AWS CLI', async () => {
    await using here = await workspace({ 'handler.zip': '', 'owner-url.txt': 'url', 'daemon-url.txt': 'url' })
    await symlink(resolve('deploy'), join(here.folder, 'deploy'))
    const complaints = awsComplaints(
      askAws.map((command) => command.split(' ').slice(1)),
      here.folder,
    )
    expect(askAws.map((command, index) => [command, complaints[index]])).toEqual(
      askAws.map((command) => [command, undefined]),
    )
  })

  it.each(of('aws cloudformation deploy '))('%s', (command) => {
    expect(deploymentProblems(command)).toEqual([])
  })

  it.each(of('docker build '))('%s', (command) => {
    const dockerfile = readFileSync(optionOf(command, '--file'), 'utf8')
    expect(dockerfile).toMatch(new RegExp(`^ARG ${optionOf(command, '--build-arg').split('=', 1)[0]}$`, 'm'))
  })
})

describe('the checks', () => {
  it('find an option and a command that kubectl does not know', () => {
    expect(kubectlComplaint(['scale', 'deployment/curfew', '--replica', '0'])).toBeDefined()
    expect(kubectlComplaint(['rollback', 'deployment/curfew'])).toBeDefined()
    expect(kubectlComplaint(['rollout', 'reset', 'deployment/curfew'])).toBeDefined()
  })

  it.each([
    'upgrade --instal curfew deploy/helm/curfew',
    'instal curfew deploy/helm/curfew',
    'upgrade --install curfew deploy/helm/curfew --values deploy/helm/values/missing.yaml',
    'upgrade --install curfew deploy/helm/curfew --values deploy/helm/values/replicas.yaml',
  ])('find what Helm refuses in: %s', async (command) => {
    expect(await helmComplaint(command.split(' '))).toBeDefined()
  })

  it('find an option, a command and a file that the AWS CLI does not know', () => {
    const service = ['ecs', 'update-service', '--cluster', 'a', '--service', 'b']
    expect(awsComplaint([...service, '--desired-tasks', '0'])).toBeDefined()
    expect(awsComplaint(['iam', 'make-role', '--role-name', 'curfew'])).toBeDefined()
    const policy = ['iam', 'put-role-policy', '--role-name', 'a', '--policy-name', 'b', '--policy-document']
    expect(awsComplaint([...policy, 'file://missing.json'])).toBeDefined()
  })

  it('find wrong parameters of a template', () => {
    const command = 'aws cloudformation deploy --template-file deploy/ecs/curfew.template.yaml --parameter-overrides'
    const given = 'EndpointArns=a Vpc=b FirstSubnet=c SecondSubnet=d'
    expect(deploymentProblems(`${command} ${given} Images=e`)).toEqual([
      'Images is not a parameter',
      'Image is missing',
      'the template creates roles',
    ])
  })
})
