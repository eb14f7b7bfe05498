import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AWS_ACTIONS } from '../../../src/adapters/aws/actions.ts'

/** The IAM actions that a name imported from the SDK stands for. Undefined for names that this test does not know. */
const actionOf = (from: string, name: string): readonly string[] | undefined => {
  if (`${from} ${name}` === '@aws-sdk/credential-providers fromTemporaryCredentials') return ['sts:AssumeRole']
  // It looks for credentials in the environment of the process.
  if (`${from} ${name}` === '@aws-sdk/credential-providers fromNodeProviderChain') return []
  const [, service] = /^@aws-sdk\/client-(ec2|sts|cloudwatch-logs)$/.exec(from) ?? []
  // This class only reads answers.
  if (`${from} ${name}` === '@aws-sdk/core/protocols AwsEc2QueryProtocol') return []
  // This function reads the AWS configuration files.
  if (`${from} ${name}` === '@smithy/core/config parseKnownFiles') return []
  // This function looks a Region up in a table.
  if (`${from} ${name}` === '@aws-sdk/core/client partition') return []
  // It signs a token for the database, and asks AWS nothing.
  if (`${from} ${name}` === '@aws-sdk/rds-signer Signer') return []
  if (service === undefined) return undefined
  if (name === (service === 'cloudwatch-logs' ? 'CloudWatchLogsClient' : `${service.toUpperCase()}Client`)) return []
  const [, action] = /^([A-Z]\w+)Command$/.exec(name) ?? []
  return action === undefined ? undefined : [`${service.replace('cloudwatch-', '')}:${action}`]
}

/** Every action that a source file can call, by its imports. Any other use of the SDK gives `unknown`. */
const actionsOf = (source: string): readonly string[] => {
  const imports = [...source.matchAll(/^import (type )?\{([^}]*)\} from '(@(?:aws-sdk|smithy)\/[^']+)'$/gm)]
  const mentions = source.match(/['"`]@(?:aws-sdk|smithy)\//g) ?? []
  const values = imports.filter(([, type]) => type === undefined)
  return [
    ...values.flatMap(([, , names = '', from = '']) =>
      names
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '' && !name.startsWith('type '))
        .flatMap((name) => actionOf(from, name) ?? [`unknown: ${name} of ${from}`]),
    ),
    ...(mentions.length === imports.length ? [] : ['unknown: the SDK is loaded in another way']),
  ]
}

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))

describe('the declared actions', () => {
  it('are the actions whose commands the sources import', () => {
    const used = sources.flatMap((name) => actionsOf(readFileSync(join('src', name), 'utf8')))
    expect([...new Set(used)].sort()).toEqual([...AWS_ACTIONS].sort())
  })

  it.each([
    ["import { CreateTagsCommand } from '@aws-sdk/client-ec2'", ['ec2:CreateTags']],
    ["import {\n  CreateTagsCommand,\n  EC2Client,\n} from '@aws-sdk/client-ec2'", ['ec2:CreateTags']],
    ["import { CreateTagsCommand as Describe } from '@aws-sdk/client-ec2'", ['unknown']],
    ["import { EC2 } from '@aws-sdk/client-ec2'", ['unknown']],
    ["import { paginateDescribeVpcs } from '@aws-sdk/client-ec2'", ['unknown']],
    ["import * as ec2 from '@aws-sdk/client-ec2'", ['unknown']],
    ["const { EC2Client } = await import('@aws-sdk/client-ec2')", ['unknown']],
    ["import { S3Client } from '@aws-sdk/client-s3'", ['unknown']],
    ["import type { Vpc } from '@aws-sdk/client-ec2'\nimport { type Tag } from '@aws-sdk/client-ec2'", []],
  ])('are compared with the actions of the import %s', (source, actions) => {
    expect(actionsOf(source).map((action) => action.replace(/:? .*/, ''))).toEqual(actions)
  })
})
