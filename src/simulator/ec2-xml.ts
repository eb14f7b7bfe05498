import type { Instant } from '../domain/time/instant.ts'

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
const NAMESPACE = 'http://ec2.amazonaws.com/doc/2016-11-15/'

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const escapeXml = (text: string) => text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character)

/** An element that holds elements. */
export const element = (name: string, content: string): string => `<${name}>${content}</${name}>`

/** An element that holds text; nothing at all where there is no value. */
export const textElement = (name: string, value: string | number | boolean | undefined): string =>
  value === undefined ? '' : element(name, escapeXml(String(value)))

/** EC2's lists: the items stand inside one element, which is there even when it is empty. */
export const listElement = (name: string, items: readonly string[]): string =>
  element(name, items.map((item) => element('item', item)).join(''))

/** `YYYY-MM-DD HH:MM:SS`, the times of connections. */
export const connectionTime = (at: Instant): string => new Date(at).toISOString().slice(0, 19).replace('T', ' ')

/** `YYYY-MM-DDTHH:MM:SS`, the times of endpoints. */
export const endpointTime = (at: Instant): string => new Date(at).toISOString().slice(0, 19)

export const responseXml = (action: string, requestId: string, content: string): string =>
  `${DECLARATION}<${action}Response xmlns="${NAMESPACE}">${textElement('requestId', requestId)}${content}</${action}Response>`

/** Errors have no namespace, and their request id has a capital D. */
export const errorXml = (
  { code, message }: { readonly code: string; readonly message: string },
  requestId: string,
): string => {
  const error = element('Error', textElement('Code', code) + textElement('Message', message))
  return `${DECLARATION}${element('Response', element('Errors', error) + textElement('RequestID', requestId))}`
}
