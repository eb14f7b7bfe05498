import { readFileSync } from 'node:fs'
import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec'
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { iamFiles } from '../../scripts/iam-policies.ts'
import { blocks, tableAfter } from '../docs/pages.ts'
import { panelsOf } from '../house/dashboard-queries.ts'
import { DECISIONS, DIMENSION_SETS, FIELDS, METRICS, NAMESPACE } from '../house/handler-line.ts'
import { cloudWatchQueriesOf } from './cloudwatch-queries.ts'

const PAGE = 'docs/connect-handler.md'

/** https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/monitoring-cloudwatch.html */
const CLIENT_VPN = [
  'ActiveConnectionsCount',
  'AuthenticationFailures',
  'ClientConnectHandlerDeniedConnections',
  'ClientConnectHandlerFailedServiceErrors',
  'ClientConnectHandlerInvalidResponses',
  'ClientConnectHandlerOtherExecutionErrors',
  'ClientConnectHandlerThrottlingErrors',
  'ClientConnectHandlerTimeouts',
  'CrlDaysToExpiry',
  'EgressBytes',
  'EgressPackets',
  'IdpCertDaysToExpiry',
  'IngressBytes',
  'IngressPackets',
  'SelfServicePortalClientConfigurationDownloads',
]

const dashboard = JSON.parse(readFileSync('deploy/grafana/dashboards/connect-handler.json', 'utf8')) as Dashboard
const { metrics, formulas, logs } = cloudWatchQueriesOf(dashboard)
const template = readFileSync('deploy/connect-handler/template.yaml', 'utf8')
const ofEndpoint = readFileSync('deploy/connect-handler/endpoint-alarm.yaml', 'utf8')

const of = (namespace: string) => metrics.filter((metric) => metric.namespace === namespace)
const namesOf = (namespace: string) => new Set(of(namespace).map(({ metricName }) => metricName))
const setOf = (dimensions: Readonly<Record<string, string>> = {}) => Object.keys(dimensions).sort().join()

/** The words in backquotes in the first cell of each row. */
const namesIn = (heading: string) =>
  tableAfter(PAGE, heading).flatMap(([cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name))

describe('the queries to CloudWatch', () => {
  it('ask for every metric that the handler writes, by exactly its dimensions', () => {
    expect(namesOf(NAMESPACE)).toEqual(new Set(METRICS))
    const written = new Set(DIMENSION_SETS.map((names) => [...names].sort().join()))
    expect(new Set(of(NAMESPACE).map(({ dimensions }) => setOf(dimensions)))).toEqual(written)
    const decisions = of(NAMESPACE).flatMap(({ dimensions }) => dimensions?.['Decision'] ?? [])
    expect(decisions.filter((decision) => decision !== '*' && !DECISIONS.includes(decision))).toEqual([])
  })

  it('ask for metrics of Lambda by the dimension of a function', () => {
    const spec = loadAwsServiceSpecSync()
    const published = spec.lookup('metric', 'namespace', 'equals', 'AWS/Lambda')
    const isPublished = ({ metricName, dimensions }: (typeof metrics)[number]) =>
      published.some(
        (metric) =>
          metric.name === metricName &&
          spec
            .follow('usesDimensionSet', metric)
            .some(({ entity }) => entity.dimensions.map(({ name }) => name).join() === setOf(dimensions)),
      )
    expect(of('AWS/Lambda').length).toBeGreaterThan(0)
    expect(of('AWS/Lambda').filter((metric) => !isPublished(metric))).toEqual([])
  })

  it('ask for every metric of handlers that Client VPN publishes, under any dimension', () => {
    const asked = namesOf('AWS/ClientVPN')
    expect(CLIENT_VPN).toEqual(expect.arrayContaining([...asked]))
    expect([...asked]).toEqual(expect.arrayContaining(CLIENT_VPN.filter((name) => /Handler/.test(name))))
    expect(of('AWS/ClientVPN').filter(({ dimensions }) => dimensions !== undefined)).toEqual([])
  })

  it('ask nothing else', () => {
    expect(new Set(metrics.map(({ namespace }) => namespace))).toEqual(
      new Set([NAMESPACE, 'AWS/Lambda', 'AWS/ClientVPN']),
    )
    // A formula sums what it searches for, or calculates with a query of its own panel.
    const isSound = ({ expression, ids }: (typeof formulas)[number]) =>
      expression === 'SUM()' || ids.some((id) => expression.includes(`FILL(${id}, 0)`))
    expect(formulas.filter((formula) => !isSound(formula))).toEqual([])
  })
})

/** The words of Logs Insights in these questions. */
const LANGUAGE = new Set(
  'and as asc bin by count desc earliest fields filter in ispresent latest limit max or sort stats'.split(' '),
)

/** The names in a question that are neither words of the language, nor texts, nor names that it gives itself. */
const fieldsIn = (question: string): readonly string[] => {
  const given = new Set([...question.matchAll(/\bas (\w+)/g)].map(([, name]) => name))
  return [...question.replaceAll(/"[^"]*"|@\w+/g, '').matchAll(/(?<!\w)[A-Za-z]\w*/g)]
    .map(([name]) => name)
    .filter((name) => !LANGUAGE.has(name) && !given.has(name))
}

const COMMAND = /^(?:fields|filter|stats|sort|limit) /

describe('the panels', () => {
  it('lead to every alarm of the templates', () => {
    const alarms = [...`${template}${ofEndpoint}`.matchAll(/^ {2}(\w+):\n {4}Type: AWS::CloudWatch::Alarm$/gm)].map(
      ([, name = '']) => name,
    )
    const anchors = new Set(panelsOf(dashboard).flatMap(({ links = [] }) => links.map(({ url }) => url?.split('#')[1])))
    expect(alarms.length).toBeGreaterThan(3)
    expect(alarms.filter((name) => !anchors.has(name.toLowerCase()))).toEqual([])
  })

  it('send nobody to a permission: Client VPN invokes the function through its service-linked role', () => {
    const descriptions = panelsOf(dashboard).map(({ description = '' }) => description)
    expect(descriptions.filter((text) => /permission/.test(text))).toEqual([])
    expect(descriptions.filter((text) => /service-linked role/.test(text))).toHaveLength(1)
  })
})

describe('the questions to the log', () => {
  const onThePage = blocks.filter(({ page, text }) => page === PAGE && COMMAND.test(text)).map(({ text }) => text)
  const questions = [...logs.map(({ expression }) => expression), ...onThePage]

  it('name only fields of the line', () => {
    expect(questions.length).toBeGreaterThan(logs.length + 5)
    expect(questions.flatMap(fieldsIn).filter((name) => !FIELDS.includes(name))).toEqual([])
  })

  it('are commands, joined by bars, that leave out the lines of Lambda itself', () => {
    const commands = questions.flatMap((question) => question.trim().split(/\n\| /))
    expect(commands.filter((command) => !COMMAND.test(command))).toEqual([])
    expect(questions.filter((question) => !/\bfilter .*(?:Decision|username)/.test(question))).toEqual([])
  })

  it('go to the log group of the template', () => {
    expect(template).toContain('LogGroupName: !Sub /aws/lambda/AWSClientVPN-${Name}')
    expect(logs.map(({ logGroupNames }) => logGroupNames)).toEqual(logs.map(() => ['/aws/lambda/$handler']))
  })
})

describe('the role of Grafana', () => {
  it('may do what Explore does with a log group, from choosing it by name on', () => {
    const actions = iamFiles()['deploy/iam/connect-handler-grafana.json']?.Statement.flatMap(({ Action }) => Action)
    // https://grafana.com/docs/grafana/latest/datasources/aws-cloudwatch/ has these, and GetLogEvents for the lines around one.
    const needed = ['DescribeLogGroups', 'GetLogGroupFields', 'GetQueryResults', 'StartQuery', 'StopQuery']
    expect(actions).toEqual(expect.arrayContaining(needed.map((action) => `logs:${action}`)))
  })
})

describe('the data source of CloudWatch', () => {
  it('keeps no key, and knows the namespace of the handler', () => {
    const path = 'deploy/grafana/provisioning/datasources/cloudwatch.yaml'
    const { datasources } = parse(readFileSync(path, 'utf8')) as { readonly datasources: readonly unknown[] }
    expect(datasources).toEqual([
      expect.objectContaining({
        type: 'cloudwatch',
        jsonData: { authType: 'default', defaultRegion: '${AWS_REGION}', customMetricsNamespaces: NAMESPACE },
      }),
    ])
    expect(datasources[0]).not.toHaveProperty('secureJsonData')
  })
})

describe('the page of the connect handler', () => {
  it('has a row for each field of the line', () => {
    expect(new Set(namesIn('### What the handler writes'))).toEqual(new Set(FIELDS))
    const rows = tableAfter(PAGE, '### What the handler writes')
    const ofKind = (kind: string) => rows.filter((row) => row[1] === kind).map(([name]) => name?.slice(1, -1))
    expect(ofKind('metric')).toEqual(METRICS)
    expect(new Set(ofKind('dimension'))).toEqual(new Set(DIMENSION_SETS.flat()))
  })

  it('has a row for each metric of AWS on the dashboard', () => {
    const asked = new Set([...namesOf('AWS/Lambda'), ...namesOf('AWS/ClientVPN')])
    expect(new Set(namesIn('### What AWS publishes'))).toEqual(asked)
  })
})
