/** As the URL parser spells them. */
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/

/** What is wrong with the address of a receiver, in words that do not repeat it: it may be a secret. */
export const addressProblem = (address: string): string | undefined => {
  if (!/^https?:\/\/[^\s/]/i.test(address) || !URL.canParse(address)) return 'this is not a URL: write https://…'
  const { protocol, hostname } = new URL(address)
  if (protocol === 'https:' || LOOPBACK.test(hostname)) return undefined
  return 'http:// would send the names of people in the clear: write https://…; http:// is for this machine alone'
}
