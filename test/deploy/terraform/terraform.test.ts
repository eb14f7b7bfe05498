import { readFileSync } from 'node:fs'
import hcl from '@cdktn/hcl2json'
import { describe, expect, it } from 'vitest'
import type { IamPolicy } from '../../../scripts/iam-policies.ts'
import { blocks, tableAfter } from '../../docs/pages.ts'
import { isAllowed } from '../../security/iam-evaluation.ts'
import { parseTemplate, type Template, withParameters } from '../cloudformation.ts'
import { render } from '../helm.ts'
import { type Body, FOLDER, terraformModules } from './modules.ts'
import { DATA, moduleAt, type Plan, type Planned, planOf, SCHEMA } from './plan.ts'
import type { Block } from './provider-schema.ts'

const modules = await terraformModules()
const own = modules.filter(({ folder }) => !folder.includes('examples'))
const nameOf = (folder: string) => folder.slice(FOLDER.length + 1)

const ENDPOINT = 'arn:aws:ec2:eu-central-1:111122223333:client-vpn-endpoint/cvpn-endpoint-0123456789abcdef0'
const IMAGE = `registry.corp.example/curfew@sha256:${'0'.repeat(64)}`
const TRUST = JSON.stringify({ Version: '2012-10-17', Statement: [] })

const ON_FILES = { image: IMAGE, vpc_id: 'vpc-0', subnet_ids: ['subnet-0', 'subnet-1', 'subnet-2'] }
const DATABASE = {
  secret_arn: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:curfew-daemon',
  security_group_id: 'sg-1',
}
const OWNER = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:curfew-owner'

const plan = (name: string, given: Readonly<Record<string, unknown>> = {}) =>
  planOf(moduleAt(`${FOLDER}/${name}`), given)

/** One plan of each way to use a module. */
const PLANS: Readonly<Record<string, () => Promise<Plan>>> = {
  'iam, by id': () => plan('iam', { assume_role_policy: TRUST, endpoint_arns: [ENDPOINT], read_tags: true }),
  'iam, by tag': () => plan('iam', { assume_role_policy: TRUST, mode: 'enforce' }),
  'other-account': () => plan('other-account', { daemon_role_arn: 'arn:aws:iam::111122223333:role/curfew' }),
  'ecs, on files': () => plan('ecs', { ...ON_FILES, scraper_security_group_id: 'sg-0' }),
  'ecs, on a database': () => plan('ecs', { ...ON_FILES, database: { ...DATABASE, owner_secret_arn: OWNER } }),
  'eks, Pod Identity': () => plan('eks', { cluster_name: 'office' }),
  'eks, IRSA': () =>
    plan('eks', { cluster_name: 'office', oidc_provider_arn: 'arn:aws:iam::1:oidc-provider/oidc.example/id/A' }),
  'connect-handler': () => plan('connect-handler', { zip: 'handler.zip', endpoint_ids: { office: 'cvpn-endpoint-0' } }),
  'examples/ecs': () => plan('examples/ecs'),
  'examples/eks': () => plan('examples/eks'),
  'examples/connect-handler': () => plan('examples/connect-handler'),
}

/** The only resource at an address, which may leave out the modules before it. */
const at = ({ resources }: Plan, address: string): Readonly<Record<string, unknown>> => {
  const found = resources.filter((one) => one.address === address || one.address.endsWith(`.${address}`))
  expect(found.map((one) => one.address)).toHaveLength(1)
  return (found[0] as Planned).arguments
}

const policyAt = (planned: Plan, address: string) => JSON.parse(String(at(planned, address).policy)) as IamPolicy

const matchesType = (value: unknown, type: string) => {
  switch (type) {
    case 'list':
      return typeof value === 'object'
    case 'map':
      return typeof value === 'object' && !Array.isArray(value)
    case 'bool':
      return typeof value === 'boolean'
    case 'number':
      return typeof value === 'number'
    default:
      return typeof value === 'string' || typeof value === 'number'
  }
}

/** Where arguments contradict what the provider documents, one line each. */
const problemsIn = (found: object, known: Block, path: string): readonly string[] => [
  ...Object.entries(known).flatMap(([name, { required }]) =>
    required && !Object.hasOwn(found, name) ? [`${path}: ${name} is missing`] : [],
  ),
  ...Object.entries(found).flatMap(([name, value]): readonly string[] => {
    const argument = known[name]
    if (argument === undefined) return [`${path}: ${name} is not known`]
    if (value === null) return argument.required ? [`${path}: ${name} is null`] : []
    if ('type' in argument)
      return matchesType(value, argument.type) ? [] : [`${path}: ${name} is not of type ${argument.type}`]
    if (!Array.isArray(value)) return [`${path}: ${name} is a block, not an argument`]
    if (value.length > 1 && !argument.many) return [`${path}: ${name} may be there once`]
    return value.flatMap((one: object) => problemsIn(one, argument.block, `${path}.${name}`))
  }),
]

describe.each(Object.entries(PLANS))('the plan of %s', (_name, planned) => {
  it('has what the provider documents, and every reference leads somewhere', async () => {
    const { resources } = await planned()
    expect(resources.length).toBeGreaterThan(0)
    // The schema is that of the AWS provider.
    const ofAws = resources.filter(({ type }) => type.startsWith('aws_'))
    expect(
      ofAws.flatMap(({ address, type, arguments: found }) =>
        problemsIn(found, SCHEMA.types[type]?.arguments ?? {}, address),
      ),
    ).toEqual([])
  })
})

it('plans all modules and examples', () => {
  const planned = Object.keys(PLANS).map((way) => way.split(',')[0] ?? '')
  expect([...new Set(planned)].toSorted()).toEqual(modules.map(({ folder }) => nameOf(folder)).toSorted())
})

it('gives data sources only what the provider documents', () => {
  for (const [type, values] of Object.entries(DATA))
    expect([type, SCHEMA.types[`data-${type}`]?.attributes]).toEqual([
      type,
      expect.arrayContaining(Object.keys(values)),
    ])
})

describe('the check of a plan', () => {
  const alias = SCHEMA.types.aws_lambda_alias?.arguments ?? {}
  it.each([
    [{ name: 'live', function_name: 'a' }, 'function_version is missing'],
    [{ name: 'live', function_name: 'a', function_version: '1', versions: '1' }, 'versions is not known'],
    [{ name: {}, function_name: 'a', function_version: '1' }, 'name is not of type string'],
    [{ name: 'live', function_name: 'a', function_version: '1', routing_config: [{}, {}] }, 'may be there once'],
  ])('finds the mistake of %j', (found, problem) => {
    expect(problemsIn(found, alias, 'here').join('\n')).toContain(problem)
  })

  it('refuses a variable that the module does not have, or that is missing', async () => {
    await expect(plan('eks', { cluster: 'office' })).rejects.toThrow('no variable cluster')
    await expect(plan('eks')).rejects.toThrow('needs cluster_name')
  })
})

describe.each(own.map((module) => [nameOf(module.folder), module] as const))(
  'the module %s',
  (name, { files, tree }) => {
    const text = files.map((file) => readFileSync(file, 'utf8')).join('\n')

    it('describes every variable with its type, and every output, and uses every variable', () => {
      for (const [variable, [body]] of Object.entries(tree.variable)) {
        expect([variable, typeof body?.type, typeof body?.description]).toEqual([variable, 'string', 'string'])
        expect(text.replace(/^variable "[\s\S]*?^}/gm, '')).toMatch(new RegExp(`\\bvar\\.${variable}\\b`))
      }
      for (const [output, [body]] of Object.entries(tree.output))
        expect([output, typeof body?.description]).toEqual([output, 'string'])
    })

    it('is on its page with every variable', () => {
      const rows = tableAfter('docs/terraform.md', `## \`${name}\``).map(
        ([variable = '', fallback = '', meaning = '']) => ({
          variable: variable.replaceAll('`', ''),
          fallback: fallback.replaceAll('`', ''),
          meaning,
        }),
      )
      const shown = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))
      expect(rows).toEqual(
        Object.entries(tree.variable).map(([variable, [body = {}]]) => ({
          variable,
          fallback: body.default === undefined ? 'required' : shown(body.default),
          meaning: body.description,
        })),
      )
    })
  },
)

describe('the files', () => {
  const files = modules.flatMap((module) => module.files)

  it('align the equals signs of neighbours, and have no tabs and no spaces at the end', () => {
    for (const file of files) {
      const lines = readFileSync(file, 'utf8').split('\n')
      let block: { readonly indent: number; readonly equals: number } | undefined
      lines.forEach((line, index) => {
        const place = `${file}:${index + 1}`
        expect([place, /\s$|\t/.test(line)]).toEqual([place, false])
        const [, space = '', name = ''] = /^( *)("?[\w:.${}/-]+"? *)= .*[^[{(]$/.exec(line) ?? []
        if (name === '') return (block = undefined)
        const here = { indent: space.length, equals: space.length + name.length }
        expect([place, space.length % 2]).toEqual([place, 0])
        if (block?.indent === here.indent) expect([place, here.equals]).toEqual([place, block.equals])
        return (block = here)
      })
    }
  })

  it('ask for the provider whose documentation they are compared with', () => {
    for (const { tree, folder } of modules) {
      const [required = {}] = (tree.terraform[0]?.required_providers ?? []) as readonly Record<string, unknown>[]
      expect([folder, required.aws]).toEqual([folder, { source: SCHEMA.provider, version: '~> 6.0' }])
    }
    expect(SCHEMA.version).toMatch(/^6\./)
  })
})

describe('the blocks of the page', () => {
  const shown = blocks.filter(({ language }) => language === 'hcl')

  it('parse, and give a module what it has', async () => {
    expect(shown.length).toBeGreaterThan(1)
    for (const { text, page } of shown) {
      const tree = (await hcl.parse(page, text)) as { readonly module?: Readonly<Record<string, readonly Body[]>> }
      for (const [{ source, ...given } = { source: '' }] of Object.values(tree.module ?? {})) {
        const [, name = ''] = /\/\/deploy\/terraform\/(.+)\?ref=/.exec(JSON.stringify(source)) ?? []
        expect((await plan(name, given)).resources.length).toBeGreaterThan(0)
      }
    }
  })
})

describe('the role', () => {
  const call = (action: string, tag = 'enforced') => ({
    action: `ec2:${action}`,
    resource: 'arn:aws-cn:ec2:cn-north-1:999988887777:client-vpn-endpoint/cvpn-endpoint-0',
    context: { 'aws:ResourceTag/team': tag, 'ec2:Region': 'cn-north-1' },
  })
  const listing = { action: 'ec2:DescribeClientVpnEndpoints', resource: '*', context: { 'ec2:Region': 'cn-north-1' } }
  const roleWith = async (given: object) =>
    policyAt(await plan('iam', { assume_role_policy: TRUST, ...given }), 'aws_iam_role_policy.daemon')

  it.each(['audit', 'enforce'])('by id has what deploy/iam has in mode %s, on the given endpoints', async (mode) => {
    const document = JSON.parse(readFileSync(`deploy/iam/${mode}-by-id.json`, 'utf8')) as IamPolicy
    expect(await roleWith({ mode, endpoint_arns: ['arn:a', 'arn:b'] })).toEqual({
      ...document,
      Statement: document.Statement.map((statement) => ({ ...statement, Resource: ['arn:a', 'arn:b'] })),
    })
  })

  it('by tag watches the endpoints with the tag in its account, Region and partition, and ends only in mode enforce', async () => {
    const tag = { key: 'team', value: 'enforced' }
    const [audit, enforce] = [await roleWith({ tag }), await roleWith({ tag, mode: 'enforce' })]
    const calls = [call('DescribeClientVpnConnections'), call('TerminateClientVpnConnections'), listing]
    expect(calls.map((one) => isAllowed([audit], one))).toEqual([true, false, true])
    expect(calls.map((one) => isAllowed([enforce], one))).toEqual([true, true, true])
    const elsewhere = [
      call('TerminateClientVpnConnections', 'other'),
      { ...listing, context: { 'ec2:Region': 'eu-central-1' } },
    ]
    expect(elsewhere.map((one) => isAllowed([enforce], one))).toEqual([false, false])
  })

  it('reads tags, signs in to the database and enters other accounts only if told to', async () => {
    const byId = { endpoint_arns: ['arn:a'] }
    const sids = async (given: object) => (await roleWith({ ...byId, ...given })).Statement.map(({ Sid }) => Sid)
    expect(await sids({})).toEqual(['Watch'])
    expect(await sids({ read_tags: true })).toEqual(['Watch', 'Discover'])
    expect(await sids({ database_user_arn: 'arn:u', assumed_role_arns: ['arn:r'] })).toEqual([
      'Watch',
      'SignIn',
      'Enter',
    ])
    const { Statement } = await roleWith({ ...byId, database_user_arn: 'arn:u', assumed_role_arns: ['arn:r'] })
    expect(Statement.map(({ Resource }) => Resource)).toEqual([['arn:a'], 'arn:u', ['arn:r']])
  })

  it('in another account trusts the daemon with the external id', async () => {
    const planned = await plan('other-account', {
      daemon_role_arn: 'arn:daemon',
      external_id: 'branches',
      mode: 'enforce',
    })
    const trust = JSON.parse(String(at(planned, 'aws_iam_role.watched').assume_role_policy)) as IamPolicy
    expect(trust.Statement).toMatchObject([
      {
        Principal: { AWS: 'arn:daemon' },
        Action: 'sts:AssumeRole',
        Condition: { StringEquals: { 'sts:ExternalId': 'branches' } },
      },
    ])
    expect(JSON.stringify(policyAt(planned, 'aws_iam_role_policy.watched'))).not.toMatch(
      /444455556666|eu-central-1|arn:aws:/,
    )
  })

  it.each([
    [{ mode: 'kill' }, 'mode must be audit or enforce'],
    [{ endpoint_arns: [] }, 'endpoint_arns must name an endpoint'],
  ])('is refused with %j', async (given, message) => {
    await expect(roleWith(given)).rejects.toThrow(message)
  })
})

describe('the service on Fargate', () => {
  const template: Template = parseTemplate(readFileSync('deploy/ecs/curfew.template.yaml', 'utf8'))
  const parameters = {
    Image: IMAGE,
    EndpointArns: ENDPOINT,
    Vpc: 'vpc-0',
    FirstSubnet: 'subnet-0',
    SecondSubnet: 'subnet-1',
    ThirdSubnet: 'subnet-2',
    ScraperSecurityGroup: 'sg-0',
  }
  const ways = {
    files: [{ ...ON_FILES, scraper_security_group_id: 'sg-0' }, parameters],
    database: [
      { ...ON_FILES, scraper_security_group_id: 'sg-0', database: { ...DATABASE, owner_secret_arn: OWNER } },
      {
        ...parameters,
        DatabaseSecret: DATABASE.secret_arn,
        OwnerSecret: OWNER,
        DatabaseSecurityGroup: DATABASE.security_group_id,
      },
    ],
  } as const
  /** The parts of a stack as they are after its conditions. */
  const stackOf = (given: Readonly<Record<string, string>>) => withParameters(template, given)

  /** The value of a parameter of the stack on a database. */
  const valueOf = (parameter: string): unknown =>
    (ways.database[1] as Readonly<Record<string, unknown>>)[parameter] ?? template.Parameters?.[parameter]?.Default

  /** CloudFormation's names as the API of ECS has them: options have names of their own. */
  const lower = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(lower)
    if (typeof value !== 'object' || value === null) return value
    const { Ref } = value as { readonly Ref?: string }
    if (Ref !== undefined) return valueOf(Ref)
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [
        `${key[0]?.toLowerCase()}${key.slice(1)}`,
        key === 'Options' ? one : lower(one),
      ]),
    )
  }

  describe.each(Object.entries(ways))('on %s', (_name, [given, ofStack]) => {
    it.each([
      ['Task', 'aws_ecs_task_definition.this'],
      ['Migration', 'aws_ecs_task_definition.migration[0]'],
    ])('has the container of the stack in its %s', async (resource, address) => {
      const { Properties = {} } = stackOf(ofStack).Resources[resource] ?? {}
      const planned = await plan('ecs', given)
      const isThere = planned.resources.some((one) => one.address === address)
      expect(isThere).toBe(resource === 'Task' || 'database' in given)
      if (!isThere) return
      const [definition = {}] = Properties.ContainerDefinitions as readonly Record<string, unknown>[]
      const [container] = JSON.parse(String(at(planned, address).container_definitions)) as readonly Record<
        string,
        unknown
      >[]
      const { logConfiguration, ...expected } = lower(definition) as Record<string, { readonly options: object }>
      expect(container).toEqual({
        ...expected,
        ...(resource === 'Task' && { secrets: expected.secrets ?? [], mountPoints: expected.mountPoints ?? [] }),
        image: IMAGE,
        logConfiguration: {
          ...logConfiguration,
          options: { ...logConfiguration?.options, 'awslogs-group': '/curfew', 'awslogs-region': 'cn-north-1' },
        },
      })
      expect([at(planned, address).cpu, at(planned, address).memory]).toEqual([Properties.Cpu, Properties.Memory])
    })

    it('is deployed as the stack deploys it', async () => {
      const { Properties = {} } = stackOf(ofStack).Resources.Service ?? {}
      const planned = await plan('ecs', given)
      const service = at(planned, 'aws_ecs_service.this')
      const { MaximumPercent, MinimumHealthyPercent } = Properties.DeploymentConfiguration as Record<string, unknown>
      expect([
        service.desired_count,
        service.deployment_maximum_percent,
        service.deployment_minimum_healthy_percent,
        service.availability_zone_rebalancing,
        service.enable_execute_command,
      ]).toEqual([
        lower(Properties.DesiredCount),
        MaximumPercent,
        MinimumHealthyPercent,
        Properties.AvailabilityZoneRebalancing,
        Properties.EnableExecuteCommand,
      ])
      const [network] = service.network_configuration as readonly { readonly subnets: readonly string[] }[]
      expect(network?.subnets).toHaveLength('database' in given ? 3 : 2)
    })

    it('opens the ways of the stack, and no others', async () => {
      const { Resources } = stackOf(ofStack)
      const inline = Object.values(Resources).flatMap(({ Type, Properties = {} }) =>
        Type === 'AWS::EC2::SecurityGroup'
          ? [Properties.SecurityGroupEgress, Properties.SecurityGroupIngress].flatMap(
              (rules) => (rules ?? []) as object[],
            )
          : [],
      )
      const apart = Object.values(Resources)
        .filter(({ Type }) => /SecurityGroup(?:In|E)gress$/.test(Type))
        .map(({ Properties }) => Properties)
      const ofStackRules = [...inline, ...apart] as readonly {
        readonly FromPort: number
        readonly Description: string
      }[]
      const { resources } = await plan('ecs', given)
      const rules = resources.filter(({ type }) => type.startsWith('aws_vpc_security_group'))
      const seen = (list: readonly (readonly [unknown, unknown])[]) => list.map((one) => one.join(' ')).toSorted()
      expect(seen(rules.map((one) => [one.arguments.from_port, one.arguments.description]))).toEqual(
        seen(ofStackRules.map(({ FromPort, Description }) => [FromPort, Description])),
      )
    })
  })

  it('lets only the task mount the files, and Terraform never remove them', async () => {
    const planned = await plan('ecs', { ...ON_FILES, reader_role_arns: ['arn:reader'] })
    const { FileSystemPolicy } = (stackOf(parameters).Resources.Files?.Properties ?? {}) as {
      FileSystemPolicy: { Statement: readonly { Sid: string }[] }
    }
    const { Statement } = policyAt(planned, 'aws_efs_file_system_policy.this[0]')
    const theTask = ['<module.role.aws_iam_role.daemon.arn>', 'arn:reader']
    expect(Statement).toEqual(
      FileSystemPolicy.Statement.map((statement) =>
        statement.Sid === 'OnlyTheTask'
          ? { ...statement, Condition: { ArnNotEquals: { 'aws:PrincipalArn': theTask } } }
          : statement,
      ),
    )
    const [files] = moduleAt(`${FOLDER}/ecs`).tree.resource.aws_efs_file_system?.this ?? []
    expect(files?.lifecycle).toEqual([{ prevent_destroy: true }])
  })

  it('gives the URL of the tables’ owner to no replica', async () => {
    const planned = await plan('ecs', ways.database[0])
    const mayRead = planned.resources.filter((one) => JSON.stringify(one.arguments).includes(OWNER))
    expect(mayRead.map(({ address }) => address)).toEqual([
      'aws_ecs_task_definition.migration[0]',
      'aws_iam_role_policy.owner[0]',
    ])
    expect(at(planned, 'aws_iam_role_policy.owner[0]').role).toBe('curfew-migration')
  })

  it.each([
    [{ image: 'curfew:latest' }, 'image must have its digest'],
    [{ migration_image: 'curfew:latest' }, 'migration_image must have its digest'],
    [{ subnet_ids: ['subnet-0'] }, 'subnet_ids must name at least two'],
    [{ tasks: 0 }, 'tasks must be at least 1'],
    [{ cpu_architecture: 'arm64' }, 'cpu_architecture must be X86_64 or ARM64'],
  ])('is refused with %j', async (given, message) => {
    await expect(plan('ecs', { ...ON_FILES, ...given })).rejects.toThrow(message)
  })
})

describe('the role of the pods on EKS', () => {
  const trustOf = (planned: Plan) =>
    JSON.parse(String(at(planned, 'aws_iam_role.daemon').assume_role_policy)) as {
      readonly Statement: readonly object[]
    }
  const serviceAccountOf = async ({ outputs }: Plan) => {
    const objects = await render(['enforce', outputs.helm_values as object])
    return objects.find(({ kind }) => kind === 'ServiceAccount')?.metadata
  }

  it('comes from Pod Identity, for the service account of one cluster', async () => {
    const planned = await plan('eks', { cluster_name: 'office' })
    const example = JSON.parse(readFileSync('deploy/kubernetes/overlays/pod-identity/trust-policy.json', 'utf8')) as {
      readonly Statement: readonly object[]
    }
    const ofOurs = JSON.stringify(example).replace(
      'arn:aws:eks:eu-central-1:111122223333',
      'arn:aws-cn:eks:cn-north-1:999988887777',
    )
    expect(trustOf(planned)).toEqual(JSON.parse(ofOurs))
    expect(at(planned, 'aws_eks_pod_identity_association.this[0]')).toMatchObject({
      cluster_name: 'office',
      namespace: 'curfew',
      service_account: 'curfew',
      role_arn: '<module.role.aws_iam_role.daemon.arn>',
    })
    expect(await serviceAccountOf(planned)).toMatchObject({ name: 'curfew' })
  })

  it('comes from IRSA with an OIDC provider, and the chart annotates the service account', async () => {
    const issuer = 'oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF'
    const planned = await plan('eks', {
      cluster_name: 'office',
      oidc_provider_arn: `arn:aws:iam::111122223333:oidc-provider/${issuer}`,
    })
    expect(trustOf(planned)).toEqual(
      JSON.parse(readFileSync('deploy/kubernetes/overlays/irsa/trust-policy.json', 'utf8')),
    )
    expect(planned.resources.map(({ type }) => type)).toEqual(['aws_iam_role', 'aws_iam_role_policy'])
    expect(await serviceAccountOf(planned)).toMatchObject({
      annotations: { 'eks.amazonaws.com/role-arn': '<module.role.aws_iam_role.daemon.arn>' },
    })
  })
})

/** A query of an alarm as CloudFormation has it. */
interface MetricQuery {
  readonly Id: string
  readonly Expression: string
  readonly Label: string
  readonly ReturnData: boolean
  readonly MetricStat: {
    readonly Metric: { readonly Namespace: string; readonly MetricName: string }
    readonly Period: number
    readonly Stat: string
  }
}

describe('the connect handler', () => {
  const stack = parseTemplate(readFileSync('deploy/connect-handler/template.yaml', 'utf8'))
  const ofEndpoint = parseTemplate(readFileSync('deploy/connect-handler/endpoint-alarm.yaml', 'utf8'))
  const door = () =>
    plan('connect-handler', { zip: 'handler.zip', endpoint_ids: { office: 'cvpn-endpoint-0' }, topic_arn: 'arn:topic' })

  it('is the function of the stack', async () => {
    const { Properties = {} } = stack.Resources.Function ?? {}
    expect(at(await door(), 'aws_lambda_function.this')).toMatchObject({
      function_name: 'AWSClientVPN-curfew',
      runtime: Properties.Runtime,
      handler: Properties.Handler,
      timeout: Properties.Timeout,
      memory_size: stack.Parameters?.MemorySize?.Default,
      architectures: [stack.Parameters?.Architecture?.Default],
      logging_config: [{ log_format: 'Text', log_group: '/aws/lambda/AWSClientVPN-curfew' }],
    })
  })

  it('never reserves nothing, which would deny everybody', async () => {
    const reserved = async (reserved_concurrency: number) =>
      at(await plan('connect-handler', { zip: 'handler.zip', reserved_concurrency }), 'aws_lambda_function.this')
        .reserved_concurrent_executions
    expect([await reserved(0), await reserved(20)]).toEqual([-1, 20])
  })

  it('leaves the code and the alias where update.sh has put them', () => {
    const { aws_lambda_function: code, aws_lambda_alias: alias } = moduleAt(`${FOLDER}/connect-handler`).tree.resource
    expect([code?.this?.[0]?.lifecycle, alias?.live?.[0]?.lifecycle]).toEqual([
      [{ ignore_changes: ['${filename}', '${source_code_hash}'] }],
      [{ ignore_changes: ['${function_version}'] }],
    ])
  })

  it('lets the function write to its own log, and nothing else', async () => {
    expect(policyAt(await door(), 'aws_iam_role_policy.log').Statement).toEqual([
      {
        Effect: 'Allow',
        Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: '<aws_cloudwatch_log_group.this.arn>:*',
      },
    ])
  })

  it('has the alarms of the stack', async () => {
    const planned = await door()
    const alarms = Object.entries(stack.Resources).filter(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm')
    expect(alarms).toHaveLength(5)
    for (const [name, { Properties = {} }] of alarms) {
      const dimensions = (Properties.Dimensions as readonly { Name: string; Value: unknown }[]).map(
        ({ Name, Value }) => [Name, typeof Value === 'string' ? Value : 'AWSClientVPN-curfew'],
      )
      expect(at(planned, `aws_cloudwatch_metric_alarm.this["${name}"]`)).toEqual({
        alarm_name: `AWSClientVPN-curfew-${name}`,
        alarm_description: Properties.AlarmDescription,
        namespace: Properties.Namespace,
        metric_name: Properties.MetricName,
        dimensions: Object.fromEntries(dimensions),
        statistic: Properties.Statistic,
        period: Properties.Period,
        evaluation_periods: Properties.EvaluationPeriods,
        threshold: name === 'DeniedConnections' ? stack.Parameters?.DeniedInFiveMinutes?.Default : Properties.Threshold,
        comparison_operator: Properties.ComparisonOperator,
        treat_missing_data: Properties.TreatMissingData,
        alarm_actions: ['arn:topic'],
        ok_actions: ['arn:topic'],
        tags: {},
      })
    }
  })

  it('has the alarm of each endpoint', async () => {
    const { Properties = {} } = ofEndpoint.Resources.FailedHandler ?? {}
    const [failed, ...metrics] = Properties.Metrics as readonly MetricQuery[]
    const alarm = at(await door(), 'aws_cloudwatch_metric_alarm.failed_handler["office"]')
    expect(alarm).toMatchObject({
      alarm_description: Properties.AlarmDescription,
      threshold: Properties.Threshold,
      comparison_operator: Properties.ComparisonOperator,
      treat_missing_data: Properties.TreatMissingData,
    })
    // Terraform goes through a map in the order of its keys.
    const byId = (left: { readonly Id: string }, right: { readonly Id: string }) => (left.Id < right.Id ? -1 : 1)
    expect(alarm.metric_query).toEqual([
      { id: failed?.Id, expression: failed?.Expression, label: failed?.Label, return_data: true },
      ...metrics.toSorted(byId).map(({ Id, ReturnData, MetricStat }) => ({
        id: Id,
        return_data: ReturnData,
        metric: [
          {
            namespace: MetricStat.Metric.Namespace,
            metric_name: MetricStat.Metric.MetricName,
            dimensions: { Endpoint: 'cvpn-endpoint-0' },
            period: MetricStat.Period,
            stat: MetricStat.Stat,
          },
        ],
      })),
    ])
  })

  it.each([
    [{ name: 'a b' }, 'name must be 1 to 51 letters'],
    [{ memory_size: 128 }, 'memory_size must be 256 to 10240'],
    [{ architecture: 'x86' }, 'architecture must be arm64 or x86_64'],
    [{ reserved_concurrency: -1 }, 'reserved_concurrency must be 0'],
    [{ denied_in_five_minutes: 0 }, 'denied_in_five_minutes must be at least 1'],
  ])('is refused with %j', async (given, message) => {
    await expect(plan('connect-handler', { zip: 'handler.zip', ...given })).rejects.toThrow(message)
  })
})
