import type { Connection } from '../../domain/connection.ts'
import { ConnectionTexts } from './connection-texts.ts'
import { PageScanner, type Tag, Unusual, unusual } from './page-scanner.ts'
import type { ConnectionsPage } from './pages.ts'
import { ITEM, RowReader, TAGS } from './row-reader.ts'

const ROOT = /^[ \n]*(?:<\?xml[^<>]*\?>[ \n]*)?<DescribeClientVpnConnectionsResponse(?: xmlns="[^"<>&]*")?>/
const ROOT_END = '</DescribeClientVpnConnectionsResponse>'
/** The root's start tag must lie within these bytes. */
const HEAD_BYTES = 400

/**
 * Reads a whole page as EC2 writes it: elements without attributes, in any order, known or unknown, with text in UTF-8
 * and the five named entities. Undefined for everything else, malformed pages included: the SDK's reader then decides.
 * Written by hand because a quiet daemon spends nearly all its time on polling. The SDK's reader, which looks at each
 * character by itself, takes many times as long.
 */
export const readConnectionsPage = (
  body: Buffer,
  place: Pick<Connection, 'endpointId' | 'region'>,
): ConnectionsPage | undefined => {
  const head = ROOT.exec(body.toString('latin1', 0, HEAD_BYTES))
  if (head === null || body.includes('\r')) return undefined
  try {
    return read(new PageScanner(body, head[0].length, TAGS), place)
  } catch (error) {
    if (error instanceof Unusual) return undefined
    throw error
  }
}

const read = (page: PageScanner, place: Pick<Connection, 'endpointId' | 'region'>): ConnectionsPage => {
  const texts = new ConnectionTexts(page, place)
  let rows: readonly Connection[] | undefined
  let nextToken: string | undefined
  const seen = new Set<string>()
  for (let tag = page.open(); tag !== undefined; tag = page.open()) {
    // Of an element that appears twice the SDK reads the first, or nothing: such an answer is refused.
    if (seen.has(tag.name)) return unusual()
    seen.add(tag.name)
    if (tag.name === 'connections') {
      rows = page.empty ? [] : readRows(page, tag, texts)
    } else if (tag.name === 'nextToken') {
      nextToken = page.text(tag)
    } else page.skip(tag)
  }
  const rest = page.bytes.toString('latin1', page.at)
  if (!rest.startsWith(ROOT_END) || /[^ \n]/.test(rest.slice(ROOT_END.length))) return unusual()
  return rows === undefined ? unusual() : { rows, nextToken: nextToken || undefined, unread: texts.unread }
}

const readRows = (page: PageScanner, list: Tag, texts: ConnectionTexts): readonly Connection[] => {
  const reader = new RowReader(page, texts)
  const rows: Connection[] = []
  for (let item = page.open(ITEM); item !== undefined; item = page.open(ITEM)) {
    if (item.name !== 'item' || page.empty) return unusual()
    rows.push(reader.read())
  }
  page.close(list)
  return rows
}
