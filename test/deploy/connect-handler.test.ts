import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { type IamPolicy, iamFiles } from '../../scripts/iam-policies.ts'
import type { Baked } from '../../src/door/baked-rules.ts'
import { createHandler } from '../../src/door/handler.ts'
import { workspace } from '../cli/curfew.ts'
import { runInProcess } from '../cli/in-process.ts'
import { anchorsOf, blocks, tableAfter } from '../docs/pages.ts'
import { NOON, policy } from '../domain/build.ts'
import { baked } from '../door/rules.ts'
import { type Call, isAllowed, withoutOne } from '../security/iam-evaluation.ts'
import { awsComplaints } from './aws-cli.ts'
import { parseTemplate, templateProblems } from './cloudformation.ts'
import { type Answer, LIVE_AT_ONE, lambdaStandIn, zipOf } from './lambda-stand-in.ts'

const TEMPLATE = 'deploy/connect-handler/template.yaml'
const PAGE = 'docs/connect-handler.md'
const REQUEST = 'deploy/connect-handler/break-glass.json'
const FUNCTION = 'AWSClientVPN-curfew'

/** The handler's answer to the request that the script asks it with. */
const answerOf = async (rules: Baked): Promise<Answer> => {
  let line = ''
  const handler = createHandler(rules, {
    now: () => NOON,
    elapsedMs: () => 0,
    region: 'eu-central-1',
    write: (written) => (line += written),
  })
  const answer = await handler(JSON.parse(readFileSync(REQUEST, 'utf8')), { functionName: FUNCTION })
  return { text: JSON.stringify(answer), line }
}

const BANNED = [policy('banned-users', { users: ['break-glass@corp.example'] })]
const letsIn = () => answerOf(baked({}))
const denies = () => answerOf(baked({ policies: BANNED }))
const onError = () => answerOf({ ...baked({}), rules: '[' })

const text = readFileSync(TEMPLATE, 'utf8')
const template = parseTemplate(text)

const properties = (name: string) => template.Resources[name]?.Properties ?? {}

const ofType = (type: string) => Object.entries(template.Resources).filter(([, { Type }]) => Type === type)

describe('the stack of the connect handler', () => {
  it('matches the published resource types', () => {
    expect(templateProblems(template)).toEqual([])
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
    const function_ = { Name: 'FunctionName', Value: { Ref: 'Function' } }

    it('watch the function, its decisions, and what Client VPN got from it', () => {
      const watched = alarms.map(([name, { Properties }]) => [name, Properties?.Namespace, Properties?.MetricName])
      expect(watched).toEqual([
        ['Errors', 'AWS/Lambda', 'Errors'],
        ['Throttles', 'AWS/Lambda', 'Throttles'],
        ['SlowAnswers', 'AWS/Lambda', 'Duration'],
        ['OnErrorAnswers', 'Curfew/ConnectHandler', 'OnErrors'],
        ['DeniedConnections', 'Curfew/ConnectHandler', 'Decisions'],
        ['FailedHandler', undefined, undefined],
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
      const lines = await Promise.all([denies(), onError()])
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

    it('stay quiet without connections, and notify a topic only if there is one', () => {
      const actions = { 'Fn::If': ['HasTopic', [{ Ref: 'Topic' }], { Ref: 'AWS::NoValue' }] }
      for (const [, { Properties }] of alarms)
        expect(Properties).toMatchObject({
          TreatMissingData: 'notBreaching',
          AlarmActions: actions,
          OKActions: actions,
        })
    })

    it('are explained on the page, each under its name', () => {
      expect(anchorsOf(PAGE)).toEqual(expect.arrayContaining(alarms.map(([name]) => name.toLowerCase())))
    })
  })

  it('puts out commands that the AWS CLI accepts', () => {
    const alias = 'arn:aws:lambda:eu-central-1:111122223333:function:AWSClientVPN-curfew:live'
    const commands = ['SwitchOn', 'SwitchOff'].map((name) => {
      const { Value } = (template.Outputs ?? {})[name] as { readonly Value: { readonly 'Fn::Sub': string } }
      return Value['Fn::Sub'].replace('${AWS::Region}', 'eu-central-1').replace('${Live}', alias)
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

/** Runs the script of the pipeline with new code, against a function whose version 1 is live. */
const update = async (answer: Answer, { code = 'second', movedMeanwhile = '', checked = false } = {}) => {
  await using here = await workspace({ 'handler.zip': zipOf(code) })
  const lambda = await lambdaStandIn(here)
  const { status, stdout, stderr } = spawnSync(
    resolve('deploy/connect-handler/update.sh'),
    [FUNCTION, 'handler.zip', resolve(REQUEST)],
    {
      cwd: here.folder,
      encoding: 'utf8',
      env: { PATH: lambda.path, ANSWER: JSON.stringify(answer), MOVED_MEANWHILE: movedMeanwhile },
    },
  )
  const calls = await lambda.calls()
  const back = stdout.trim().split('\n').at(-1)?.split(' ').slice(1) ?? []
  const complaints = checked ? awsComplaints([...calls, back], here.folder) : []
  return { status, stdout, stderr, calls, back, complaints, state: await lambda.state() }
}

describe('deploy/connect-handler/update.sh', () => {
  it('moves the alias to the new code, says how to go back, and needs just the permissions in deploy/iam', async () => {
    const { status, stderr, calls, back, complaints, state } = await update(await letsIn(), { checked: true })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(state).toMatchObject({ latest: 'second', versions: ['first', 'second'], live: 2 })
    expect(back.slice(-2)).toEqual(['--function-version', '1'])
    expect(complaints).toEqual([...calls, back].map(() => undefined))

    expect(misfits('connect-handler-update.json', calls.map(callOf))).toEqual({ refused: [], idle: [] })
  })

  it.each<[string, () => Promise<Answer>, RegExp]>([
    ['denies the person', denies, /"allow":false/],
    ['would deny the person without audit', () => answerOf(baked({ policies: BANNED, mode: 'audit' })), /"audit"/],
    ['lets the person in only because it cannot decide', onError, /"on-error"/],
  ])('leaves the alias where it is if the new version %s', async (_, answer, said) => {
    const { status, stderr, state } = await update(await answer())
    expect(status).toBe(1)
    expect(stderr).toMatch(said)
    expect(stderr).toContain('live stays at version 1')
    expect(state.live).toBe(1)
  })

  it('leaves the alias where somebody else has moved it meanwhile', async () => {
    const { status, state } = await update(await letsIn(), { movedMeanwhile: '1' })
    expect(status).not.toBe(0)
    expect(state.live).toBe(1)
  })

  it('changes nothing for the same code', async () => {
    const { status, stdout, state } = await update(await letsIn(), { code: 'first' })
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
    const [updating = [], ...others] = commands.toReversed()
    expect(updating).toEqual(['deploy/connect-handler/update.sh', FUNCTION, 'handler.zip', REQUEST])
    expect(others.map(([program, ...args]) => [program, ...args.filter((arg) => !arg.startsWith('-'))])).toEqual([
      ['curfew', 'connect-handler', 'build', 'handler.zip'],
      ['curfew', 'validate'],
    ])
    for (const [, ...args] of others)
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
