import { fold, invisibleIn } from './fold.ts'
import type { Location } from './location.ts'
import { codePointOf, hits, type Pattern, parsePattern } from './pattern.ts'
import type { UserEntry } from './user-list.ts'

/** A tag: keys and values are compared as AWS spells them. */
export interface TagPattern {
  /** As the operator wrote it. */
  readonly source: string
  readonly field: 'tag'
  readonly key: string
  /** Undefined: any value. */
  readonly value: { readonly text: string; readonly exact: boolean } | undefined
}

/** A pattern of ids, of names, or of the values of one tag. */
export type EndpointPattern = Pattern | TagPattern

/** One entry of a list of endpoints. */
export interface EndpointEntry extends Omit<UserEntry, 'pattern'> {
  readonly pattern: EndpointPattern
}

/** How every id begins. */
const ID = 'cvpn-endpoint-'

/** A pattern that breaks off within `cvpn-endpoint-` is of ids too, but not one that breaks off before this: `c*`. */
const SHORTEST_ID = 'cvpn'

const TAG = /^tag:/i

/** The longest key and value of a tag at AWS, in characters. */
const LONGEST_KEY = 128
const LONGEST_VALUE = 256

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/

type Parsed = { readonly pattern: EndpointPattern } | { readonly problem: string }

/** Reads one entry of a list of endpoints: an id, a name, or `tag:KEY`, `tag:KEY=VALUE`. */
export const parseEndpointPattern = (source: string): Parsed =>
  TAG.test(source) ? parseTag(source) : parsePattern(source)

const parseTag = (source: string): Parsed => {
  const written = source.replace(TAG, '')
  const [key = '', ...rest] = written.split('=')
  const value = rest.length === 0 ? undefined : rest.join('=')
  const problem = tagProblem(source, key, value)
  if (problem !== undefined) return { problem }
  const exact = !/[*?]/.test(value ?? '')
  return { pattern: { source, field: 'tag', key, value: value === undefined ? undefined : { text: value, exact } } }
}

const tagProblem = (source: string, key: string, value: string | undefined): string | undefined => {
  if (CONTROL.test(source)) return `${JSON.stringify(source)} contains a control character: write it in single quotes`
  const invisible = invisibleIn(source)
  if (invisible !== undefined)
    return `"${source}" contains ${codePointOf(invisible)}, an invisible character: remove it`
  if (key === '') return `"${source}" has no key: write tag:KEY=VALUE, or tag:KEY for any value`
  if (value === '') return `"${source}" has no value: write tag:${key} for any value`
  if ([key, value].some((part) => part !== part?.trim())) {
    return `"${source}" has white space around its key or value: remove it`
  }
  if (/[*?]/.test(key)) return `"${source}" has a wildcard in its key, and no key of a tag has one: write the whole key`
  if (key.length > LONGEST_KEY || (value?.length ?? 0) > LONGEST_VALUE) {
    return `"${source}" is longer than a tag at AWS: keys have up to ${LONGEST_KEY} characters, values up to ${LONGEST_VALUE}`
  }
  return undefined
}

/** Whether a pattern is of ids. All others but those of tags are of names. */
export const isOfIds = ({ text }: Pattern): boolean => {
  if (text.startsWith(ID)) return true
  const beginning = text.split(/[*?]/, 1)[0] ?? ''
  return beginning !== text && beginning.length >= SHORTEST_ID.length && ID.startsWith(beginning)
}

/** Whether a pattern matches every endpoint, whatever its name is. */
export const isAnyEndpoint = (pattern: EndpointPattern): boolean =>
  pattern.field !== 'tag' && /^\*+$/.test(pattern.text)

/** The facts of an endpoint that a pattern reads, beside its id. */
export const readsOf = (pattern: EndpointPattern): 'tags' | 'name' | undefined => {
  if (pattern.field === 'tag') return 'tags'
  return isOfIds(pattern) || isAnyEndpoint(pattern) ? undefined : 'name'
}

/** Whether a pattern matches an endpoint. Unknown while AWS has not listed the tags that it reads. */
export const hitsEndpoint = (pattern: EndpointPattern, { endpointId, name, tags }: Location): boolean | 'unknown' => {
  if (pattern.field === 'tag') return tags === undefined ? 'unknown' : hitsTags(pattern, tags)
  if (isAnyEndpoint(pattern)) return true
  if (isOfIds(pattern)) return hits(pattern, fold(endpointId))
  if (name === undefined && tags === undefined) return 'unknown'
  const known = name ?? tags?.get('Name') ?? ''
  return known !== '' && hits(pattern, fold(known))
}

const hitsTags = ({ key, value }: TagPattern, tags: ReadonlyMap<string, string>): boolean => {
  const found = tags.get(key)
  return found !== undefined && (value === undefined || hits(value, found))
}
