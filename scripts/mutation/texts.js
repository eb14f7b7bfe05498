// Stryker loads this file without tsx, so it is JavaScript.

/** Whether a string is a sentence or a part of one. Keys and values that the program compares contain no space. */
const isText = (text) => /\p{L}/u.test(text) && text.includes(' ')

const PLAIN = new Set(['Identifier', 'MemberExpression', 'CallExpression'])

const textOf = ({ type, value, expressions, quasis }) => {
  if (type === 'StringLiteral') return value
  // An expression in a text may be logic. Ignoring the text would ignore the logic too.
  if (type !== 'TemplateLiteral' || expressions.some((part) => !PLAIN.has(part.type))) return ''
  return quasis.map((quasi) => quasi.value.raw).join('')
}

/** The argument of `.meta({ description: … })`, which an editor shows. */
const isMeta = ({ listKey, parentPath }) => listKey === 'arguments' && parentPath.node.callee?.property?.name === 'meta'

const shouldIgnore = (path) => (isMeta(path) || isText(textOf(path.node)) ? 'a text for people' : undefined)

/** Ignores texts for people. No test asserts their wording, so every such mutant would survive. */
export const strykerPlugins = [{ kind: 'Ignore', name: 'texts', value: { shouldIgnore } }]
