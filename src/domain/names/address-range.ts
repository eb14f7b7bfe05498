import ipaddr from 'ipaddr.js'

/** An address, or all addresses of a network in CIDR notation. */
export interface AddressRange {
  /** As the operator wrote it. */
  readonly source: string
  /** The bytes of its first address: 4 or 16. */
  readonly network: readonly number[]
  /** How many of the leading bits all its addresses share. */
  readonly bits: number
}

type Parsed = { readonly pattern: AddressRange } | { readonly problem: string }

type Address = ReturnType<typeof ipaddr.parse>

/**
 * An address in its usual notation; undefined for any other. Octal numbers and shortened addresses are read differently
 * by different programs. An IPv4 address that is written as an IPv6 one is the IPv4 address.
 */
const parseAddress = (text: string): Address | undefined => {
  const isUsual = text.includes(':')
    ? ipaddr.IPv6.isValid(text) && !/%|^::\d+\./.test(text)
    : ipaddr.IPv4.isValidFourPartDecimal(text)
  return isUsual ? ipaddr.process(text) : undefined
}

/** Whether a text is an address in its usual notation, and no network. */
export const isAddress = (text: string): boolean => parseAddress(text) !== undefined

/** Unknown for a text that is no address. */
export const hitsAddress = (text: string): ((range: AddressRange) => boolean | 'unknown') => {
  const address = parseAddress(text)
  return ({ network, bits }) => {
    if (address === undefined) return 'unknown'
    const first = ipaddr.fromByteArray([...network])
    return address.kind() === first.kind() && address.match(first, bits)
  }
}

/** Reads an entry of `publicIp`: an address, or a network such as 203.0.113.0/24. */
export const parseAddressRange = (source: string): Parsed => {
  const shown = JSON.stringify(source)
  const [written = '', prefix, ...rest] = source.split('/')
  const address = parseAddress(written)
  if (address === undefined || rest.length > 0) {
    const instead = /[*?]/.test(source) ? 'a network for a pattern' : 'an address or a network'
    return { problem: `${shown} is no address: write ${instead}, such as 203.0.113.0/24 or 2001:db8::/32` }
  }
  const bytes = address.toByteArray()
  const most = written.includes(':') ? 128 : 32
  if (prefix !== undefined && !/^(?:0|[1-9]\d*)$/.test(prefix)) {
    return { problem: `${shown} has no number behind the slash: write how many bits all addresses share, such as /24` }
  }
  const bits = prefix === undefined ? most : Number(prefix)
  if (bits > most) {
    const version = most === 32 ? 'IPv4' : 'IPv6'
    return {
      problem: `${shown} has a prefix of ${prefix} bits, and an ${version} address has ${most}: write at most /${most}`,
    }
  }
  // An IPv4 address that is written as an IPv6 one has 96 bits before it, which a network of such addresses shares.
  const shared = bits - most + bytes.length * 8
  const network = bytes.map((byte, index) => byte & (0xff << (8 - Math.min(8, Math.max(0, shared - index * 8)))))
  if (shared < 0 || network.some((byte, index) => byte !== bytes[index])) {
    const wide = `${ipaddr.fromByteArray(network).toString()}/${Math.max(0, shared)}`
    return {
      problem: `${shown} is an address within a network: write "${wide}" for the network, or "${written}" for the address`,
    }
  }
  return { pattern: { source, network, bits: shared } }
}

/** Networks whose addresses the internet does not route. */
const PRIVATE = new Set(['private', 'uniqueLocal', 'carrierGradeNat', 'linkLocal', 'loopback'])

/** Whether no address of the range is public. */
export const isPrivate = ({ network, bits }: AddressRange): boolean => {
  const last = network.map((byte, index) => byte | (0xff >> Math.min(8, Math.max(0, bits - index * 8))))
  const [first, end] = [network, last].map((bytes) => ipaddr.fromByteArray([...bytes]).range())
  return first === end && first !== undefined && PRIVATE.has(first)
}
