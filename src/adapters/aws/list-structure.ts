/** One tag and the text behind it. No answer of EC2 holds comments, CDATA or a document type. */
const TAG = /<(\/?)(\w[\w.:-]*)(?:[ \t\r\n][^<>]*?)?(\/?)>([^<]*)/y

/** Far deeper than any answer: elements in elements must not fill the memory. */
const DEEPEST = 64

/** What may stand between elements. The SDK takes white space without a line end for content, and loses what is beside it. */
const BETWEEN = /^(?:[ \t\r]*\n[ \t\r\n]*)?$/

/**
 * What is wrong with the answer that holds a list, in words; undefined where nothing is. The SDK reads fewer rows, or
 * none, and says nothing, where a list holds text or anything else beside its rows, or where it, or the whole answer, is
 * there twice.
 */
export const listFault = (text: string, root: string, list: string): string | undefined => {
  const open: string[] = []
  const seen = new Set<string>()
  TAG.lastIndex = Math.max(0, text.indexOf(`<${root}`))
  for (;;) {
    const found = TAG.exec(text)
    if (found === null) return `the ${root} is not whole`
    const [, ends, name = '', empty, behind = ''] = found
    if (ends) {
      if (open.pop() !== name) return `the ${root} is not whole`
    } else {
      if (open.length === 1) {
        if (seen.has(name)) return `the ${root} holds ${name} twice`
        seen.add(name)
      }
      if (open.length === 2 && open[1] === list && name !== 'item') return `the list of ${list} holds ${name}`
      if (!empty && open.push(name) > DEEPEST) return `the ${root} is too deep`
    }
    if (open.length === 0) {
      if (TAG.lastIndex < text.length || behind.trim() !== '') return `something follows the ${root}`
      return seen.has(list) ? undefined : `the ${root} holds no list of ${list}`
    }
    const isList = open.length === 2 && name === list
    const isLeaf = !ends && !empty && !isList && text.startsWith('</', TAG.lastIndex)
    if (!isLeaf && !BETWEEN.test(behind)) return `the ${root} holds text between its elements`
  }
}
