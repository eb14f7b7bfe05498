import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { type IamPolicy, iamFiles } from '../../scripts/iam-policies.ts'
import type { DoorRules } from '../../src/domain/door/door-rules.ts'
import type { Policy, Selector } from '../../src/domain/policies/policy.ts'
import type { Hours } from '../../src/domain/time/hours.ts'
import type { Baked } from '../../src/door/baked-rules.ts'
import { createHandler } from '../../src/door/handler.ts'
import { workspace } from '../cli/curfew.ts'
import { runInProcess } from '../cli/in-process.ts'
import { anchorsOf, blocks, tableAfter } from '../docs/pages.ts'
import { ENDPOINT, entry, NOON, policy } from '../domain/build.ts'
import { baked } from '../door/rules.ts'
import { type Call, isAllowed, withoutOne } from '../security/iam-evaluation.ts'
import { awsComplaints } from './aws-cli.ts'
import { parseTemplate, templateProblems } from './cloudformation.ts'
import { type Answer, LIVE_AT_ONE, lambdaStandIn, zipOf } from './lambda-stand-in.ts'

const TEMPLATE = 'deploy/connect-handler/template.yaml'
const ENDPOINT_TEMPLATE = 'deploy/connect-handler/endpoint-alarm.yaml'
const PAGE = 'docs/connect-handler.md'
const FUNCTION = 'AWSClientVPN-curfew'
const ALIAS = `arn:aws:lambda:eu-central-1:111122223333:function:${FUNCTION}:live`
const BREAK_GLASS = 'deploy/connect-handler/break-glass.json'
const EMPLOYEE = 'deploy/connect-handler/employee.json'
const OTHER_ENDPOINT = 'cvpn-endpoint-0fedcba9876543210'

type Request = Readonly<Record<string, unknown>>

const requestIn = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Request

/** The handler's answer to a request. */
const answerOf = async (rules: Baked, request: Request): Promise<Answer> => {
  let line = ''
  const handler = createHandler(rules, {
    now: () => NOON,
    elapsedMs: () => 0,
    region: 'eu-central-1',
    write: (written) => (line += written),
  })
  return { text: JSON.stringify(await handler(request, { functionName: FUNCTION })), line }
}

const rulesOf = (policies: readonly Policy[], different: Partial<DoorRules> = {}) => baked({ ...different, policies })
const BREAK_GLASS_BANNED = policy('banned-users', { users: ['break-glass@corp.example'] })
const BROKEN: Baked = { ...baked({}), rules: '[' }

const text = readFileSync(TEMPLATE, 'utf8')
const template = parseTemplate(text)
const endpointTemplate = parseTemplate(readFileSync(ENDPOINT_TEMPLATE, 'utf8'))

const properties = (name: string) => template.Resources[name]?.Properties ?? {}

const ofType = (type: string) => Object.entries(template.Resources).filter(([, { Type }]) => Type === type)

/** A metric that an alarm reads. */
interface Watched {
  readonly Metric: { readonly MetricName: string; readonly Dimensions: unknown }
}

describe('the stack of the connect handler', () => {
  it('matches the published resource types, as does that of an endpoint', () => {
    expect([template, endpointTemplate].flatMap(templateProblems)).toEqual([])
  })

  it('creates a function that Client VPN accepts, on Node 24', () => {
    expect(properties('Function')).toMatchObject({
      FunctionName: { 'Fn::Sub': 'AWSClientVPN-${Name}' },
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Architectures: [{ Ref: 'Architecture' }],
    })
    expect(template.Parameters?.Architecture?.AllowedValues).toEqual(['arm64', 'x86_64'])
    const names = new RegExp(`^${String(template.Parameters?.Name?.AllowedPattern)}$`)
    // Lambda accepts names of up to 64 characters.
    const longest = 64 - 'AWSClientVPN-'.length
    expect(['curfew', 'x'.repeat(longest), 'x'.repeat(longest + 1), 'a b', ''].map((name) => names.test(name))).toEqual(
      [true, true, false, false, false],
    )
  })

  it('stops a function that hangs long before Client VPN gives up, and warns before', () => {
    const timeoutMs = Number(properties('Function').Timeout) * 1000
    expect(timeoutMs).toBeLessThan(30_000 / 2)
    expect(properties('SlowAnswers')).toMatchObject({ MetricName: 'Duration', Threshold: 0.8 * timeoutMs })
  })

  it('lets the function write to its own log, and nothing else', () => {
    const [[, role] = ['', undefined], another] = ofType('AWS::IAM::Role')
    expect(another).toBeUndefined()
    const own = { Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: { 'Fn::GetAtt': ['Logs', 'Arn'] } }
    expect(role?.Properties?.Policies).toEqual([
      expect.objectContaining({
        PolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...own }] },
      }),
    ])
    expect(role?.Properties?.ManagedPolicyArns).toBeUndefined()
    expect(text).not.toMatch(/Action: .*\*|Resource: .*\*/)
  })

  it('creates the log with its retention before the function', () => {
    expect(properties('Logs')).toEqual({
      LogGroupName: { 'Fn::Sub': '/aws/lambda/AWSClientVPN-${Name}' },
      RetentionInDays: { Ref: 'LogRetentionDays' },
    })
    expect(properties('Function').LoggingConfig).toEqual({ LogGroup: { Ref: 'Logs' }, LogFormat: 'Text' })
  })

  it('gives nobody a permission to invoke the function: the service-linked role of Client VPN has it', () => {
    expect(ofType('AWS::Lambda::Permission')).toEqual([])
  })

  it('never reserves nothing, which would deny everybody', () => {
    expect(template.Parameters?.ReservedConcurrency?.Default).toBe(0)
    expect(properties('Function').ReservedConcurrentExecutions).toEqual({
      'Fn::If': ['IsReserved', { Ref: 'ReservedConcurrency' }, { Ref: 'AWS::NoValue' }],
    })
    expect(template.Conditions?.IsReserved).toEqual({
      'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'ReservedConcurrency' }, 0] }],
    })
  })

  it('publishes a version for each code, keeps the one before, and moves the alias to it', () => {
    expect(properties('Function').Code).toMatchObject({ S3ObjectVersion: { Ref: 'CodeVersion' } })
    expect(template.Resources.Published).toMatchObject({
      UpdateReplacePolicy: 'Retain',
      Properties: { FunctionName: { Ref: 'Function' }, Description: { 'Fn::Sub': 'Code ${CodeVersion}' } },
    })
    expect(properties('Live')).toEqual({
      FunctionName: { Ref: 'Function' },
      FunctionVersion: { 'Fn::GetAtt': ['Published', 'Version'] },
      Name: 'live',
    })
  })

  describe('the alarms', () => {
    const alarms = ofType('AWS::CloudWatch::Alarm')
    const ofEndpoint = Object.entries(endpointTemplate.Resources)
    const function_ = { Name: 'FunctionName', Value: { Ref: 'Function' } }

    it('watch the function and its decisions', () => {
      const watched = alarms.map(([name, { Properties }]) => [name, Properties?.Namespace, Properties?.MetricName])
      expect(watched).toEqual([
        ['Errors', 'AWS/Lambda', 'Errors'],
        ['Throttles', 'AWS/Lambda', 'Throttles'],
        ['SlowAnswers', 'AWS/Lambda', 'Duration'],
        ['OnErrorAnswers', 'Curfew/ConnectHandler', 'OnErrors'],
        ['DeniedConnections', 'Curfew/ConnectHandler', 'Decisions'],
      ])
      for (const [name] of alarms.slice(0, 4)) expect(properties(name).Dimensions).toEqual([function_])
      expect(properties('DeniedConnections')).toMatchObject({
        Dimensions: [function_, { Name: 'Decision', Value: 'deny' }],
        Threshold: { Ref: 'DeniedInFiveMinutes' },
      })
    })

    it('watch metrics that the lines of the handler declare, and the decision that denies', async () => {
      interface Line extends Readonly<Record<string, unknown>> {
        readonly _aws: {
          readonly CloudWatchMetrics: ReadonlyArray<{
            readonly Namespace: string
            readonly Dimensions: ReadonlyArray<readonly string[]>
            readonly Metrics: ReadonlyArray<{ readonly Name: string }>
          }>
        }
      }
      const request = requestIn(BREAK_GLASS)
      const lines = await Promise.all([rulesOf([BREAK_GLASS_BANNED]), BROKEN].map((rules) => answerOf(rules, request)))
      const [denied, failed] = lines.map(({ line }) => JSON.parse(line) as Line) as [Line, Line]
      expect([denied.Decision, denied.Decisions, failed.OnErrors]).toEqual(['deny', 1, 1])
      for (const line of [denied, failed]) {
        const [declared, another] = line._aws.CloudWatchMetrics
        expect(another).toBeUndefined()
        for (const name of ['OnErrorAnswers', 'DeniedConnections']) {
          const { Namespace, MetricName, Dimensions } = properties(name)
          expect(declared?.Namespace).toBe(Namespace)
          expect(declared?.Metrics.map(({ Name }) => Name)).toContain(MetricName)
          expect(declared?.Dimensions).toContainEqual((Dimensions as { Name: string }[]).map(({ Name }) => Name))
        }
      }
    })

    it('watch each reason for which Client VPN denies at an endpoint without an answer of the handler', () => {
      const queries = ofEndpoint[0]?.[1].Properties?.Metrics as ReadonlyArray<{ readonly MetricStat?: Watched }>
      const watched = queries.flatMap(({ MetricStat }) => MetricStat?.Metric ?? [])
      expect(watched.map(({ MetricName }) => MetricName.replace('ClientConnectHandler', '')).sort()).toEqual([
        'FailedServiceErrors',
        'InvalidResponses',
        'OtherExecutionErrors',
        'ThrottlingErrors',
        'Timeouts',
      ])
      for (const { Dimensions } of watched)
        expect(Dimensions).toEqual([{ Name: 'Endpoint', Value: { Ref: 'EndpointId' } }])
    })

    it('stay quiet without connections, and notify a topic only if there is one', () => {
      const actions = { 'Fn::If': ['HasTopic', [{ Ref: 'Topic' }], { Ref: 'AWS::NoValue' }] }
      for (const [, { Properties }] of [...alarms, ...ofEndpoint])
        expect(Properties).toMatchObject({
          TreatMissingData: 'notBreaching',
          AlarmActions: actions,
          OKActions: actions,
        })
    })

    it('are explained on the page, each under its name', () => {
      expect(anchorsOf(PAGE)).toEqual(
        expect.arrayContaining([...alarms, ...ofEndpoint].map(([name]) => name.toLowerCase())),
      )
    })
  })

  it('puts out commands that the AWS CLI accepts', () => {
    const commands = ['SwitchOn', 'SwitchOff'].map((name) => {
      const { Value } = (template.Outputs ?? {})[name] as { readonly Value: { readonly 'Fn::Sub': string } }
      return Value['Fn::Sub'].replace('${AWS::Region}', 'eu-central-1').replace('${Live}', ALIAS)
    })
    expect(commands.map((command) => command.split(' ', 3).join(' '))).toEqual(
      commands.map(() => 'aws ec2 modify-client-vpn-endpoint'),
    )
    expect(awsComplaints(commands.map((command) => command.split(' ').slice(1)))).toEqual([undefined, undefined])
  })
})

const inPascalCase = (command: string) =>
  command.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())

/** A call of the AWS CLI as IAM sees it. */
const callOf = ([service, command = '', ...args]: readonly string[]): Call => {
  if (service === 'ec2') return endpointCallOf(command, args)
  const qualifier = args.indexOf('--qualifier')
  const arn = `arn:aws:lambda:eu-central-1:111122223333:function:${args[args.indexOf('--function-name') + 1]}`
  const names: Readonly<Record<string, string>> = { invoke: 'InvokeFunction', wait: 'GetFunctionConfiguration' }
  return {
    action: `lambda:${names[command] ?? inPascalCase(command)}`,
    resource: qualifier < 0 ? arn : `${arn}:${args[qualifier + 1]}`,
    context: {},
  }
}

const endpointCallOf = (command: string, args: readonly string[]): Call => {
  const endpoint = `arn:aws:ec2:eu-central-1:111122223333:client-vpn-endpoint/${args[args.indexOf('--client-vpn-endpoint-id') + 1]}`
  return {
    action: `ec2:${inPascalCase(command)}`,
    resource: command.startsWith('describe-') ? '*' : endpoint,
    context: { 'ec2:Region': 'eu-central-1' },
  }
}

/** The calls that one policy of deploy/iam does not allow, and the statements of it that no call needs. */
const misfits = (file: string, calls: readonly Call[]) => {
  const policy = iamFiles()[`deploy/iam/${file}`]
  if (policy === undefined) throw new Error(`there is no ${file}`)
  const refused = (policies: readonly IamPolicy[]) => calls.filter((call) => !isAllowed(policies, call))
  const idle = withoutOne([policy]).filter(({ policies }) => refused(policies).length === 0)
  return { refused: refused([policy]), idle: idle.map(({ removed }) => removed) }
}

interface Update {
  readonly code?: string
  /** The requests that the script asks with. */
  readonly requests?: readonly Request[]
  /** The endpoints that ask the alias. */
  readonly endpoints?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly checked?: boolean
}

/** Runs the script of the pipeline with new code, against a function whose version 1 is live. */
const update = async (
  rules: Baked,
  {
    code = 'second',
    requests = [requestIn(BREAK_GLASS), requestIn(EMPLOYEE)],
    endpoints = [ENDPOINT],
    env = {},
    checked = false,
  }: Update = {},
) => {
  const files = Object.fromEntries(
    requests.map((request, index) => [`request-${index}.json`, JSON.stringify(request, null, 2)]),
  )
  const asked = requests.flatMap((request) => [
    request,
    ...endpoints.map((endpoint) => ({ ...request, 'endpoint-id': endpoint })),
  ])
  const answers = await Promise.all(
    asked.map(async (request) => [JSON.stringify(request), await answerOf(rules, request)] as const),
  )
  await using here = await workspace({ 'handler.zip': zipOf(code), ...files })
  const lambda = await lambdaStandIn(here)
  const { status, stdout, stderr } = spawnSync(
    resolve('deploy/connect-handler/update.sh'),
    [FUNCTION, 'handler.zip', ...Object.keys(files)],
    {
      cwd: here.folder,
      encoding: 'utf8',
      env: {
        PATH: lambda.path,
        ANSWERS: JSON.stringify(Object.fromEntries(answers)),
        ENDPOINTS: JSON.stringify(describedEndpoints(endpoints)),
        ...env,
      },
    },
  )
  const calls = await lambda.calls()
  const back = stdout.trim().split('\n').at(-1)?.split(' ').slice(1) ?? []
  // The script has removed the request that it asked with.
  const repeated = calls.map((call) => call.map((arg) => arg.replace(/^fileb:.*\/request$/, 'fileb://request-0.json')))
  const complaints = checked ? awsComplaints([...repeated, back], here.folder) : []
  return { status, stdout, stderr, calls, back, complaints, state: await lambda.state() }
}

/** EC2's answer: these endpoints ask the alias, and others ask nobody, nobody any more, or another function. */
const describedEndpoints = (ids: readonly string[]) => ({
  ClientVpnEndpoints: [
    { ClientVpnEndpointId: 'cvpn-endpoint-00000000000000001' },
    {
      ClientVpnEndpointId: 'cvpn-endpoint-00000000000000002',
      ClientConnectOptions: { Enabled: false, LambdaFunctionArn: ALIAS },
    },
    {
      ClientVpnEndpointId: 'cvpn-endpoint-00000000000000003',
      ClientConnectOptions: { Enabled: true, LambdaFunctionArn: ALIAS.replace('-curfew', '-other') },
    },
    ...ids.map((id) => ({
      ClientVpnEndpointId: id,
      ClientConnectOptions: { Enabled: true, LambdaFunctionArn: ALIAS },
    })),
  ],
})

/** A policy that denies everybody whom it matches. */
const everybody = (match: Partial<Selector> = {}) =>
  policy(
    'banned-users',
    { users: ['*@corp.example'] },
    { match: { users: undefined, endpoints: undefined, regions: undefined, ...match } },
  )

describe('deploy/connect-handler/update.sh', () => {
  it('moves the alias to the new code, says how to go back, and needs just the permissions in deploy/iam', async () => {
    const { status, stderr, calls, back, complaints, state } = await update(baked({}), { checked: true })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(state).toMatchObject({ latest: 'second', versions: ['first', 'second'], live: 2 })
    expect(back.slice(-2)).toEqual(['--function-version', '1'])
    expect(complaints).toEqual([...calls, back].map(() => undefined))

    expect(misfits('connect-handler-update.json', calls.map(callOf))).toEqual({ refused: [], idle: [] })
  })

  it('asks with each request at each endpoint that asks the alias', async () => {
    const { status, calls } = await update(baked({}), { endpoints: [ENDPOINT, OTHER_ENDPOINT] })
    expect(status).toBe(0)
    expect(calls.filter(([, command]) => command === 'invoke')).toHaveLength(4)
  })

  it.each<[string, Baked, RegExp]>([
    ['denies the first person', rulesOf([BREAK_GLASS_BANNED]), /request-0\.json/],
    ['would deny the person without audit', rulesOf([BREAK_GLASS_BANNED], { mode: 'audit' }), /"Decision":"audit"/],
    ['lets the person in only because it cannot decide', BROKEN, /"Decision":"on-error"/],
    [
      'denies everybody whom `protect` does not name',
      rulesOf([everybody()], { protect: [entry('break-glass@corp.example')] }),
      /request-1\.json/,
    ],
    [
      'denies everybody at the other endpoint',
      rulesOf([everybody({ endpoints: [entry(OTHER_ENDPOINT)] })]),
      new RegExp(OTHER_ENDPOINT),
    ],
  ])('leaves the alias where it is if the new version %s', async (_, rules, said) => {
    const { status, stderr, state } = await update(rules, { endpoints: [ENDPOINT, OTHER_ENDPOINT] })
    expect(status).toBe(1)
    expect(stderr).toMatch(said)
    expect(stderr).toContain('live stays at version 1')
    expect(state.live).toBe(1)
  })

  it('leaves the alias where it is if a fact is missing in a request, so that a policy may deny the person', async () => {
    const idpGroups = [entry('contractors')]
    const contractors = everybody({
      door: { idpGroups, platform: undefined, publicIp: undefined, clientVersion: undefined },
    })
    const { groups, ...withoutGroups } = requestIn(EMPLOYEE)
    expect(groups).toEqual(['employees'])
    expect((await update(rulesOf([contractors]), { requests: [requestIn(EMPLOYEE)] })).state.live).toBe(2)
    const { stderr, state } = await update(rulesOf([contractors]), { requests: [withoutGroups] })
    expect(stderr).toContain('"Unknown":1')
    expect(state.live).toBe(1)
  })

  it('leaves the alias where it is if a policy fails, although the others let the person in', async () => {
    const hours = policy('off-hours', { timeZone: 'Europe/Berlin', denied: [{ hours: '01:00-02:00' }] })
    const broken = { ...hours, rule: { ...(hours.rule as Hours), zone: 'Nowhere/Land' } }
    const { stderr, state } = await update(rulesOf([broken]), { requests: [requestIn(EMPLOYEE)] })
    expect(stderr).toContain('"OnErrors":1')
    expect(state.live).toBe(1)
  })

  it('asks for the endpoint of the requests while no endpoint asks the alias, and says so', async () => {
    const { status, stdout } = await update(baked({}), { endpoints: [] })
    expect(status).toBe(0)
    expect(stdout).toContain('no endpoint asks live yet')
  })

  it.each([[[ENDPOINT]], [[]]])('accepts no request without an endpoint, if %j ask the alias', async (endpoints) => {
    const { status, stderr, state } = await update(baked({}), { requests: [{}], endpoints })
    expect(status).toBe(1)
    expect(stderr).toContain('live stays at version 1')
    expect(state.live).toBe(1)
  })

  it('tells a version that it could not ask from one that denies the person', async () => {
    const { status, stderr, state } = await update(baked({}), { env: { UNREACHABLE: '1' } })
    expect(status).toBe(1)
    expect(stderr).toContain('Could not connect')
    expect(stderr).toContain('version 2 could not be asked. live stays at version 1')
    expect(stderr).not.toContain('does not let in')
    expect(state.live).toBe(1)
  })

  it('leaves the alias where somebody else has moved it meanwhile', async () => {
    const { status, state } = await update(baked({}), { env: { MOVED_MEANWHILE: '1' } })
    expect(status).not.toBe(0)
    expect(state.live).toBe(1)
  })

  it('changes nothing for the same code', async () => {
    const { status, stdout, state } = await update(baked({}), { code: 'first' })
    expect(status).toBe(0)
    expect(stdout).toContain('live has this code already')
    expect(state).toEqual(LIVE_AT_ONE)
  })
})

describe('the policy for the people on call', () => {
  it('allows the commands of the page that switch the handler on and off, and move the alias back', () => {
    const commands = [...readFileSync(PAGE, 'utf8').matchAll(/^\$ aws ((?:ec2|lambda (?:update-alias|list)).*)$/gm)]
    const calls = commands.map(([, command = '']) => callOf(command.split(' ')))
    expect(new Set(calls.map(({ action }) => action)).size).toBe(4)
    expect(misfits('connect-handler-switch.json', calls)).toEqual({ refused: [], idle: [] })
  })
})

describe('the job of CI on the page', () => {
  it('validates, builds and updates the function that deploy/iam has the permissions for', async () => {
    interface Job {
      readonly jobs: { readonly 'connect-handler': { readonly steps: ReadonlyArray<{ readonly run?: string }> } }
    }
    const job = blocks.find((block) => block.page === PAGE && /^jobs:/m.test(block.text))
    const { steps } = (parse(job?.text ?? '') as Job).jobs['connect-handler']
    const commands = steps.flatMap(({ run }) => (run === undefined ? [] : [run.split(' ')]))
    const ofCurfew = commands.filter(([program]) => program === 'curfew')
    // No option: what `--strict` refuses comes with time alone, and would keep a ban from the door.
    expect(ofCurfew).toEqual([
      ['curfew', 'validate'],
      ['curfew', 'connect-handler', 'build', '--out', 'handler.zip'],
    ])
    expect(commands.slice(ofCurfew.length)).toEqual([
      ['deploy/connect-handler/update.sh', FUNCTION, 'handler.zip', BREAK_GLASS, EMPLOYEE],
      ['rm', '-f', 'handler.zip'],
    ])
    for (const [, ...args] of ofCurfew)
      expect(await runInProcess([...args, '--help'])).toMatchObject({ code: 0, stderr: '' })
  })
})

describe('the sizes of reserved concurrency on the page', () => {
  it('are arrivals in a second times the seconds of an answer', () => {
    const rows = tableAfter(PAGE, '## Sizing').map((row) => row.map((cell) => Number(cell.replaceAll(/[^\d.]/g, ''))))
    expect(rows.length).toBeGreaterThan(2)
    for (const [people = 0, minutes = 0, perSecond, seconds = 0, needed] of rows) {
      expect(perSecond).toBe(Math.ceil(people / (minutes * 60)))
      expect(needed).toBe(Math.ceil((perSecond ?? 0) * seconds))
    }
  })
})
