import type { Instant } from '../domain/time/instant.ts'

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
const NAMESPACE = 'http://ec2.amazonaws.com/doc/2016-11-15/'

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const escapeXml = (text: string) => text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character)

/** An element that contains elements. */
export const element = (name: string, content: string): string => `<${name}>${content}</${name}>`

/** An element that contains text, or an empty string if there is no value. */
export const textElement = (name: string, value: string | number | boolean | undefined): string =>
  value === undefined ? '' : element(name, escapeXml(String(value)))

/** A list as EC2 writes it: one element around the items, present even if the list is empty. */
export const listElement = (name: string, items: readonly string[]): string =>
  element(name, items.map((item) => element('item', item)).join(''))

/** `YYYY-MM-DD HH:MM:SS`, the time format of connections. */
export const connectionTime = (at: Instant): string => new Date(at).toISOString().slice(0, 19).replace('T', ' ')

/** `YYYY-MM-DDTHH:MM:SS`, the time format of endpoints. */
export const endpointTime = (at: Instant): string => new Date(at).toISOString().slice(0, 19)

export const responseXml = (action: string, requestId: string, content: string): string =>
  `${DECLARATION}<${action}Response xmlns="${NAMESPACE}">${textElement('requestId', requestId)}${content}</${action}Response>`

/** EC2 writes errors without a namespace, and spells the request id with a capital D. */
export const errorXml = (
  { code, message }: { readonly code: string; readonly message: string },
  requestId: string,
): string => {
  const error = element('Error', textElement('Code', code) + textElement('Message', message))
  return `${DECLARATION}${element('Response', element('Errors', error) + textElement('RequestID', requestId))}`
}
