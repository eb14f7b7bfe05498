/** One tag and the text after it. EC2's answers hold no comments, CDATA or document types. */
const TAG = /<(\/?)(\w[\w.:-]*)(?:[ \t\r\n][^<>]*?)?(\/?)>([^<]*)/y

/** Far deeper than any answer of EC2: nested elements must not fill the memory. */
const DEEPEST = 64

/** Allowed between elements. The SDK reads white space without a line end as content, and loses what is around it. */
const BETWEEN = /^(?:[ \t\r]*\n[ \t\r\n]*)?$/

/**
 * Describes the first fault of an answer that holds a list; undefined if there is none. The SDK reads fewer rows, or
 * none, without an error in these cases: a list holds text or other elements beside its rows, or the list or the whole
 * answer appears twice.
 */
export const listFault = (text: string, root: string, list: string): string | undefined => {
  const open: string[] = []
  const seen = new Set<string>()
  TAG.lastIndex = Math.max(0, text.indexOf(`<${root}`))
  for (;;) {
    const found = TAG.exec(text)
    if (found === null) return `the ${root} is not whole`
    const [, ends, name = '', empty, textAfter = ''] = found
    if (ends) {
      if (open.pop() !== name) return `the ${root} is not whole`
    } else {
      if (open.length === 1) {
        if (seen.has(name)) return `the ${root} holds ${name} twice`
        seen.add(name)
      }
      if (open.length === 2 && open[1] === list && name !== 'item') return `the list of ${list} holds ${name}`
      if (!empty && open.push(name) > DEEPEST) return `the ${root} is nested too deeply`
    }
    if (open.length === 0) {
      if (TAG.lastIndex < text.length || textAfter.trim() !== '') return `something follows the ${root}`
      return seen.has(list) ? undefined : `the ${root} holds no list of ${list}`
    }
    const isList = open.length === 2 && name === list
    const isLeaf = !ends && !empty && !isList && text.startsWith('</', TAG.lastIndex)
    if (!isLeaf && !BETWEEN.test(textAfter)) return `the ${root} holds text between its elements`
  }
}
