import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { AWS_ACTIONS } from '../../src/adapters/aws/actions.ts'
import { workspace } from '../cli/curfew.ts'
import { awsComplaint } from './aws-cli.ts'
import { parseTemplate, type Template, templateProblems, withParameters } from './cloudformation.ts'
import { type AccessStatement, mayMount } from './efs-access.ts'

const SERVICE = 'deploy/ecs/curfew.template.yaml'
const ASSOCIATION = 'deploy/kubernetes/overlays/pod-identity/association.template.yaml'

const read = (path: string) => readFileSync(path, 'utf8')
const dockerfile = read('Dockerfile')

const whole = parseTemplate(read(SERVICE))

/** The parameters without a default, and an operator who enforces and scrapes. */
const GIVEN = {
  Image: `registry.corp.example/curfew@sha256:${'0'.repeat(64)}`,
  EndpointArns: 'arn:aws:ec2:eu-central-1:111122223333:client-vpn-endpoint/cvpn-endpoint-0123456789abcdef0',
  Vpc: 'vpc-0',
  FirstSubnet: 'subnet-0',
  SecondSubnet: 'subnet-1',
  ThirdSubnet: 'subnet-2',
  AllowTermination: 'true',
  ScraperSecurityGroup: 'sg-0',
}

const service = withParameters(whole, GIVEN)

const ON_DATABASE = {
  ...GIVEN,
  DatabaseSecret: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:curfew-daemon',
  OwnerSecret: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:curfew-owner',
  DatabaseSecurityGroup: 'sg-1',
  DatabaseUserArn: 'arn:aws:rds-db:eu-central-1:111122223333:dbuser:db-ABC/curfew',
}

const replicas = withParameters(whole, ON_DATABASE)

const properties = <Properties = Record<string, unknown>>(name: string, template = service): Properties =>
  template.Resources[name]?.Properties as Properties

interface ContainerDefinition {
  readonly Image: unknown
  readonly User: string
  readonly Command: readonly string[]
  readonly Secrets: readonly { readonly Name: string; readonly ValueFrom: unknown }[]
  readonly HealthCheck: { readonly Command: readonly string[] }
  readonly MountPoints: readonly { readonly ContainerPath: string }[]
}

const container = (name = 'Task', template = service) => {
  const { ContainerDefinitions } = properties<{ ContainerDefinitions: readonly ContainerDefinition[] }>(name, template)
  expect(ContainerDefinitions).toHaveLength(1)
  return ContainerDefinitions[0] as ContainerDefinition
}

describe.each([SERVICE, ASSOCIATION])('%s', (path) => {
  it('matches the published resource types', () => {
    expect(templateProblems(parseTemplate(read(path)))).toEqual([])
  })
})

describe('the service on Fargate', () => {
  it('never runs two tasks', () => {
    expect(properties('Service')).toMatchObject({
      DesiredCount: 1,
      DeploymentConfiguration: { MaximumPercent: 100, MinimumHealthyPercent: 0 },
      AvailabilityZoneRebalancing: 'DISABLED',
    })
  })

  it('grants only the actions that the code declares, and termination only if allowed', () => {
    const actions = (text: string) => [...text.matchAll(/"((?:ec2|sts):[A-Za-z]+)"/g)].map(([, action]) => action)
    const granted = JSON.stringify(properties('TaskRole').Policies)
    expect(granted).not.toContain('rds-db')
    expect(actions(granted)).toEqual(['ec2:DescribeClientVpnConnections', 'ec2:TerminateClientVpnConnections'])
    expect(AWS_ACTIONS).toEqual(expect.arrayContaining(actions(granted)))
    const [{ PolicyDocument }] = properties<{ Policies: [{ PolicyDocument: { Statement: unknown[] } }] }>(
      'TaskRole',
      whole,
    ).Policies
    expect(PolicyDocument.Statement[1]).toMatchObject({
      'Fn::If': ['MayTerminate', { Action: 'ec2:TerminateClientVpnConnections' }, { Ref: 'AWS::NoValue' }],
    })
    expect(whole.Parameters?.AllowTermination?.Default).toBe('false')
  })

  it('accepts connections only from the scraper', () => {
    expect(properties('TaskSecurityGroup').SecurityGroupIngress).toBeUndefined()
    const ways = Object.values(service.Resources).filter(({ Type }) => Type === 'AWS::EC2::SecurityGroupIngress')
    expect(ways).toMatchObject([
      {
        Condition: 'IsScraped',
        Properties: { FromPort: 9464, SourceSecurityGroupId: { Ref: 'ScraperSecurityGroup' } },
      },
    ])
  })

  it('keeps its files when the stack is deleted', () => {
    expect(service.Resources.Files).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' })
  })

  describe('lets the files be mounted', () => {
    interface Document {
      readonly Statement: readonly AccessStatement[]
    }
    const [role, folder] = [{ 'Fn::GetAtt': ['TaskRole', 'Arn'] }, { 'Fn::GetAtt': ['Folder', 'Arn'] }]
    const ofFiles = properties<{ FileSystemPolicy: Document }>('Files').FileSystemPolicy.Statement
    const ofTask = properties<{ PolicyDocument: Document; Roles: unknown }>('MayMount')
    /** An administrator of the account. */
    const anything: AccessStatement = { Effect: 'Allow', Action: '*' }
    const context = {
      'aws:PrincipalArn': role,
      'elasticfilesystem:AccessPointArn': folder,
      'aws:SecureTransport': 'true',
    }
    const without = (key: keyof typeof context) =>
      Object.fromEntries(Object.entries(context).filter(([name]) => name !== key))
    const mount = (different: object, own: readonly AccessStatement[]) =>
      ['ClientMount', 'ClientWrite'].map((name) =>
        mayMount([...ofFiles, ...own], { action: `elasticfilesystem:${name}`, context: { ...context, ...different } }),
      )

    it('by the task, through its access point', () => {
      expect(ofTask.Roles).toEqual([{ Ref: 'TaskRole' }])
      expect(mount({}, ofTask.PolicyDocument.Statement)).toEqual([true, true])
    })

    it.each([
      [
        'by another role of the account, whatever its own policy allows',
        { 'aws:PrincipalArn': 'arn:other' },
        [anything],
      ],
      ['unencrypted', { 'aws:SecureTransport': 'false' }, [anything]],
      ['through another access point', { 'elasticfilesystem:AccessPointArn': 'arn:other' }, []],
    ])('not %s', (_how, different, own) => {
      expect(mount(different, own.length > 0 ? own : ofTask.PolicyDocument.Statement)).toEqual([false, false])
    })

    it('not without an access point or without a name, and not as root', () => {
      const calls = [
        { action: 'elasticfilesystem:ClientMount', context: without('elasticfilesystem:AccessPointArn') },
        { action: 'elasticfilesystem:ClientMount', context: without('aws:PrincipalArn') },
      ]
      for (const call of calls) expect(mayMount([...ofFiles, anything], call)).toBe(false)
      const asRoot = { action: 'elasticfilesystem:ClientRootAccess', context }
      expect(mayMount([...ofFiles, ...ofTask.PolicyDocument.Statement], asRoot)).toBe(false)
    })
  })

  it('runs the image with its own user, command and health check', async () => {
    // The last stage is the image.
    const user = dockerfile
      .match(/^USER (\S+)$/gm)
      ?.at(-1)
      ?.slice('USER '.length)
    expect(container().User).toBe(user)
    const [uid, gid] = user?.split(':') ?? []
    expect(properties('Folder')).toMatchObject({
      PosixUser: { Uid: uid, Gid: gid },
      RootDirectory: { CreationInfo: { OwnerUid: uid, OwnerGid: gid } },
    })
    const [, healthcheck = ''] = /^HEALTHCHECK .*CMD (\[.*\])$/m.exec(dockerfile) ?? []
    expect(container().HealthCheck.Command).toEqual(['CMD', ...(JSON.parse(healthcheck) as string[])])
    await using here = await workspace({})
    expect((await here.run([...container().Command, '--help'])).code).toBe(0)
  })
})

describe('the replicas on Fargate', () => {
  it('are what the template makes with the secret of a database, and one task on files what it makes without', () => {
    const [files, database] = [service, replicas].map(({ Resources }) => Object.keys(Resources))
    const only = (some: readonly string[] = [], others: readonly string[] = []) =>
      some.filter((name) => !others.includes(name))
    expect(only(files, database).sort()).toEqual(
      ['Files', 'FilesSecurityGroup', 'FirstMount', 'Folder', 'MayMount', 'SecondMount', 'TaskToFiles'].sort(),
    )
    expect(only(database, files).sort()).toEqual(
      ['DatabaseFromTask', 'Migration', 'MigrationExecutionRole', 'TaskToDatabase'].sort(),
    )
    for (const template of [service, replicas])
      expect(
        templateProblems({ ...template, Parameters: whole.Parameters ?? {} }).filter(
          (problem) => !problem.startsWith('the parameter '),
        ),
      ).toEqual([])
  })

  it('are three tasks in the zones of all subnets, of which a new one starts before an old one stops', () => {
    expect(properties('Service', replicas)).toMatchObject({
      DesiredCount: { Ref: 'Tasks' },
      DeploymentConfiguration: { MaximumPercent: 200, MinimumHealthyPercent: 100 },
      AvailabilityZoneRebalancing: 'ENABLED',
      NetworkConfiguration: {
        AwsvpcConfiguration: { Subnets: ['FirstSubnet', 'SecondSubnet', 'ThirdSubnet'].map((Ref) => ({ Ref })) },
      },
    })
    expect(whole.Parameters?.Tasks?.Default).toBe(3)
    expect(properties('Service')).toMatchObject({
      NetworkConfiguration: { AwsvpcConfiguration: { Subnets: [{ Ref: 'FirstSubnet' }, { Ref: 'SecondSubnet' }] } },
    })
  })

  it('get the URL from Secrets Manager, and mount nothing', () => {
    const { Secrets, MountPoints } = container('Task', replicas)
    expect(Secrets).toEqual([{ Name: 'CURFEW_DATABASE_URL', ValueFrom: { Ref: 'DatabaseSecret' } }])
    expect(MountPoints).toEqual([])
    expect(properties('Task', replicas).Volumes).toEqual([])
    expect(container().Secrets).toEqual([])
  })

  it('start with no configuration on files: each would enforce on its own', () => {
    expect(container('Task', replicas).Command).toEqual([...container().Command, '--replica'])
  })

  it('reach the database, and are let in', () => {
    expect(properties('TaskToDatabase', replicas)).toMatchObject({
      GroupId: { Ref: 'TaskSecurityGroup' },
      FromPort: 5432,
      ToPort: 5432,
      DestinationSecurityGroupId: { Ref: 'DatabaseSecurityGroup' },
    })
    expect(properties('DatabaseFromTask', replicas)).toMatchObject({
      GroupId: { Ref: 'DatabaseSecurityGroup' },
      FromPort: 5432,
      ToPort: 5432,
      SourceSecurityGroupId: { Ref: 'TaskSecurityGroup' },
    })
  })

  it('may sign in as one user, and cannot read the secret of the owner', () => {
    expect(JSON.stringify(properties('TaskRole', replicas))).toContain(
      '{"Effect":"Allow","Action":"rds-db:connect","Resource":{"Ref":"DatabaseUserArn"}}',
    )
    const readers = Object.entries(replicas.Resources).filter(([, { Properties }]) =>
      JSON.stringify(Properties ?? {}).includes('{"Ref":"OwnerSecret"}'),
    )
    expect(readers.map(([name]) => name)).toEqual(['MigrationExecutionRole', 'Migration'])
    expect(properties('Task', replicas).ExecutionRoleArn).not.toEqual(
      properties('Migration', replicas).ExecutionRoleArn,
    )
  })

  it('have a task that migrates, with the same image or with that of the next version, and has no role', async () => {
    const [daemon, migration] = [container('Task', replicas), container('Migration', replicas)]
    expect(migration.Image).toEqual(daemon.Image)
    const ahead = withParameters(whole, { ...ON_DATABASE, MigrationImage: 'the next one' })
    expect(container('Migration', ahead).Image).toEqual({ Ref: 'MigrationImage' })
    expect(container('Task', ahead).Image).toEqual(daemon.Image)
    expect(migration.User).toBe(daemon.User)
    expect(migration.Secrets).toEqual([{ Name: 'CURFEW_DATABASE_URL', ValueFrom: { Ref: 'OwnerSecret' } }])
    expect(properties('Migration', replicas).TaskRoleArn).toBeUndefined()
    await using here = await workspace({})
    const { code, stderr } = await here.run([...migration.Command, '--help'])
    expect(stderr).toBe('')
    expect(code).toBe(0)
  })

  it('are created after what they need', () => {
    const needsOf = (template: Template) => template.Resources.Service?.Metadata?.Needs
    const refs = (...names: readonly string[]) => names.map((Ref) => ({ Ref }))
    expect(needsOf(service)).toEqual(refs('FirstMount', 'SecondMount', 'TaskToFiles', 'MayMount'))
    expect(needsOf(replicas)).toEqual(refs('TaskToDatabase', 'DatabaseFromTask'))
  })
})

describe('deploy/ecs/task-definition.json', () => {
  const path = 'deploy/ecs/task-definition.json'

  it('equals the task of the template', () => {
    /** The spelling of the API for a key of CloudFormation. */
    const apiName = (name: string) =>
      name === 'FilesystemId'
        ? 'fileSystemId'
        : name.replace(/^(?:[A-Z]+$|[A-Z]+(?=[A-Z])|[A-Z])/, (head) => head.toLowerCase())
    const asApi = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(asApi)
      if (typeof value !== 'object' || value === null) return value
      const entries = Object.entries(value)
      // A reference in the template is a name in this file.
      if (entries.length === 1 && /^(?:Ref|Fn::\w+)$/.test(entries[0]?.[0] ?? '')) return expect.any(String) as unknown
      return Object.fromEntries(entries.map(([name, inner]) => [apiName(name), asApi(inner)]))
    }
    const { ContainerDefinitions, ...task } = properties('Task')
    const { Secrets, ...only } = container()
    expect(Secrets).toEqual([])
    expect(ContainerDefinitions).toHaveLength(1)
    expect(JSON.parse(read(path))).toEqual(asApi({ ...task, ContainerDefinitions: [only] }))
  })

  const complaint = (file: string) =>
    awsComplaint(['ecs', 'register-task-definition', '--cli-input-json', `file://${file}`])

  it('is accepted by the AWS CLI', () => {
    expect(complaint(path)).toBeUndefined()
  })

  it('is refused by the AWS CLI with a misspelled key', async () => {
    await using here = await workspace({ 'task.json': read(path).replace('"stopTimeout"', '"stopTimout"') })
    expect(complaint(`${here.folder}/task.json`)).toContain('stopTimout')
  })
})

describe('the check of templates', () => {
  const text = read(SERVICE)

  const changed = (from: string, to: string): Template => {
    if (!text.includes(from)) throw new Error(`nothing to change: ${from}`)
    return parseTemplate(text.replace(from, to))
  }

  it.each([
    ['a misspelled property', 'DesiredCount', 'DesireCount', 'Service: DesireCount is not known'],
    [
      'one further inside',
      'TransitEncryption',
      'TransitEncrypted',
      'EFSVolumeConfiguration: TransitEncrypted is not known',
    ],
    [
      'a property that is missing',
      'GroupDescription: Curfew\n',
      'GroupName: curfew\n',
      'TaskSecurityGroup: GroupDescription is missing',
    ],
    [
      'a text in place of a number',
      'DesiredCount: !If [OnFiles, 1,',
      'DesiredCount: !If [OnFiles, one,',
      '"one" is not integer',
    ],
    [
      'a value that is not offered',
      'TransitEncryption: ENABLED',
      'TransitEncryption: "on"',
      'on is none of ENABLED, DISABLED',
    ],
    ['an unknown type', 'AWS::ECS::Cluster', 'AWS::ECS::Clutter', 'no resource type AWS::ECS::Clutter'],
    [
      'a reference to a missing resource',
      '!Ref Cluster',
      '!Ref Clutter',
      'Service: no parameter or resource is called Clutter',
    ],
    ['an unknown attribute', 'TaskRole.Arn', 'TaskRole.Name', 'AWS::IAM::Role has no attribute Name'],
    ['an unknown condition', 'Condition: IsScraped', 'Condition: IsScraping', 'no condition IsScraping'],
    [
      'resources that wait for each other',
      'GroupDescription: Curfew\n',
      'GroupDescription: !Ref FilesSecurityGroup\n',
      'TaskSecurityGroup depends on itself',
    ],
    ['an unused parameter', '!Ref LogRetentionDays', '90', 'the parameter LogRetentionDays is not used'],
  ])('finds %s', (_name, from, to, problem) => {
    expect(templateProblems(changed(from, to)).join('\n')).toContain(problem)
  })

  it('finds an alias', () => {
    expect(() => parseTemplate('Resources: { A: &a { Type: AWS::ECS::Cluster }, B: *a }')).toThrow('alias')
  })
})
