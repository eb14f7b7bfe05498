import { createHash, createHmac } from 'node:crypto'
import { HOUR, type Instant } from '../domain/time/instant.ts'
import { AwsError } from './aws-error.ts'
import type { AwsQuery } from './aws-query.ts'

/** AWS documents no default page size. The simulator uses the documented maximum. */
const DEFAULT_RESULTS = 1000
const LEAST_RESULTS = 5
const MOST_RESULTS = 1000

/** AWS documents no lifetime of a token. */
const TOKEN_LIFETIME_MS = HOUR

export interface PageRequest {
  readonly limit: number | undefined
  readonly token: string | undefined
}

export const readPageRequest = (query: AwsQuery): PageRequest => ({
  limit: query.integer('MaxResults', LEAST_RESULTS, MOST_RESULTS),
  token: query.text('NextToken'),
})

export interface Page<Row> {
  readonly rows: readonly Row[]
  readonly nextToken: string | undefined
}

interface Listing<Row> {
  /** Identifies the list: a token of one list is not valid for another. */
  readonly scope: readonly unknown[]
  /** The rows with a higher order than this one, lowest first. */
  readonly after: (order: number) => Iterable<Row>
  readonly orderOf: (row: Row) => number
}

/**
 * Serves lists page by page. A token names the last row of its page, so that a list that changes meanwhile neither
 * repeats nor loses a row. Tokens are signed: the pager stores none, and refuses an altered one.
 */
export interface Pager {
  page<Row>(request: PageRequest, listing: Listing<Row>, now: Instant): Page<Row>
}

export const createPager = (secret: string): Pager => {
  const sign = (text: string) => createHmac('sha256', secret).update(text).digest().subarray(0, 15)
  const hash = (scope: readonly unknown[]) =>
    createHash('sha256').update(JSON.stringify(scope)).digest('hex').slice(0, 16)

  const issue = (scope: readonly unknown[], order: number, now: Instant) => {
    const claim = `${hash(scope)}:${order}:${now + TOKEN_LIFETIME_MS}`
    // Base64 with + / = instead of the URL-safe alphabet, because AWS's tokens need escaping in a form too.
    return Buffer.concat([sign(claim), Buffer.from(claim)]).toString('base64')
  }

  const redeem = (scope: readonly unknown[], token: string, now: Instant): number => {
    const bytes = Buffer.from(token, 'base64')
    const claim = bytes.subarray(15).toString()
    const [scopeHash, order, expiresAt] = claim.split(':')
    const genuine = bytes.toString('base64') === token && sign(claim).equals(bytes.subarray(0, 15))
    if (genuine && scopeHash === hash(scope) && Number(expiresAt) > now) return Number(order)
    throw new AwsError('InvalidPaginationToken', 'The specified pagination token is not valid')
  }

  return {
    page({ limit = DEFAULT_RESULTS, token }, { scope, after, orderOf }, now) {
      const rows = []
      let last = token === undefined ? -1 : redeem(scope, token, now)
      for (const row of after(last)) {
        if (rows.length === limit) return { rows, nextToken: issue(scope, last, now) }
        rows.push(row)
        last = orderOf(row)
      }
      return { rows, nextToken: undefined }
    },
  }
}
