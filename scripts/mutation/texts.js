// Stryker's processes load this without tsx, so it is no TypeScript.

/** A sentence, or a part of one. Keys, and words that the program compares, have no space beside a letter. */
const isText = (text) => /\p{L}/u.test(text) && text.includes(' ')

const PLAIN = new Set(['Identifier', 'MemberExpression', 'CallExpression'])

const textOf = ({ type, value, expressions, quasis }) => {
  if (type === 'StringLiteral') return value
  // A choice within a text is logic, and what is left alone takes all that is in it along.
  if (type !== 'TemplateLiteral' || expressions.some((part) => !PLAIN.has(part.type))) return ''
  return quasis.map((quasi) => quasi.value.raw).join('')
}

/** `.meta({ description: … })`: what an editor shows. */
const isMeta = ({ listKey, parentPath }) => listKey === 'arguments' && parentPath.node.callee?.property?.name === 'meta'

const shouldIgnore = (path) => (isMeta(path) || isText(textOf(path.node)) ? 'a text for people' : undefined)

/** Leaves alone what is said to people: no test may pin how it is said, so all such mutants would live. */
export const strykerPlugins = [{ kind: 'Ignore', name: 'texts', value: { shouldIgnore } }]
