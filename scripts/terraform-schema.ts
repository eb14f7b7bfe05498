/**
 * The arguments and attributes of what deploy/terraform uses, as the AWS provider documents them: from the classes that
 * the package `@cdktn/provider-aws` has for each resource. The package has 476 MB, so that only this extract is kept.
 *
 *     npm pack @cdktn/provider-aws@25.7.0 && tar xzf cdktn-provider-aws-25.7.0.tgz
 *     node --import tsx scripts/terraform-schema.ts package
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { resourcesOf, terraformModules } from '../test/deploy/terraform/modules.ts'
import type { Argument, Block, ProviderSchema, ValueType } from '../test/deploy/terraform/provider-schema.ts'

const [folder = ''] = process.argv.slice(2)
if (!existsSync(join(folder, 'lib/provider/index.d.ts'))) {
  console.error(`${folder || '(no folder)'} is not an unpacked @cdktn/provider-aws: give its folder "package"`)
  process.exit(64)
}

const typeOf = (text: string): ValueType => {
  if (text.startsWith('string[]')) return 'list'
  if (text.startsWith('{')) return 'map'
  if (text.startsWith('boolean')) return 'bool'
  return text.startsWith('number') ? 'number' : 'string'
}

const snake = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** The text of the declarations of a type. All are generated alike, so that patterns are enough to read them. */
const declarationsOf = (type: string): string =>
  readFileSync(
    join(
      folder,
      'lib',
      type
        .replace(/^data-aws_/, 'data-aws-')
        .replace(/^aws_/, '')
        .replaceAll('_', '-'),
      'index.d.ts',
    ),
    'utf8',
  )

/** The arguments of a block: each has its name in Terraform in the address of its documentation. */
const blockOf = (text: string, name: string): Block => {
  const [, members] = new RegExp(`^export interface ${name}\\b[^{]*\\{\\n(.*?)^\\}`, 'ms').exec(text) ?? []
  if (members === undefined) throw new Error(`${name} is not declared`)
  const argumentsOf = members
    .split('/**')
    .slice(1)
    .map((member): readonly [string, Argument] => {
      const [, argument, property, mark, type] = /#(\w+) .*?\*\/\s*readonly (\w+)(\??): (.*);\s*$/s.exec(member) ?? []
      if (argument === undefined || type === undefined)
        throw new Error(`${name} has a member without documentation: ${member}`)
      const required = mark === ''
      if (!member.includes(`* ${argument} block`)) return [argument, { required, type: typeOf(type) }]
      const [, nested = property ?? ''] = /^(\w+)/.exec(type) ?? []
      return [argument, { required, block: blockOf(text, nested), many: type.startsWith(`${nested}[]`) }]
    })
  return Object.fromEntries(argumentsOf)
}

const attributesOf = (text: string): readonly string[] =>
  [...text.slice(text.lastIndexOf('export declare class')).matchAll(/^ {4}get (\w+)\(\)/gm)]
    .map(([, name = '']) => snake(name))
    .filter((name) => !name.endsWith('_input'))
    .toSorted()

const types = [
  ...new Set(
    (await terraformModules()).flatMap(({ tree }) =>
      resourcesOf(tree).map(({ data, type }) => (data ? `data-${type}` : type)),
    ),
  ),
]
  .filter((type) => /^(data-)?aws_/.test(type))
  .toSorted()

const [, version = ''] = /providers\/hashicorp\/aws\/([\d.]+)\//.exec(declarationsOf('aws_iam_role')) ?? []
const schema: ProviderSchema = {
  provider: 'hashicorp/aws',
  version,
  types: Object.fromEntries(
    types.map((type) => {
      const text = declarationsOf(type)
      const [, config = ''] = /^export interface (\w+) extends cdktn\.TerraformMetaArguments/m.exec(text) ?? []
      return [type, { arguments: blockOf(text, config), attributes: attributesOf(text) }]
    }),
  ),
}
writeFileSync('test/deploy/terraform/provider-schema.json', `${JSON.stringify(schema, null, 2)}\n`)
