/** In characters, as SMTP limits a path (RFC 5321, 4.5.3.1.3). */
const LONGEST = 254

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
const ADDRESS = new RegExp(`^${ATOM}(?:\\.${ATOM})*@${LABEL}(?:\\.${LABEL})+$`)

/**
 * Whether a text is a mail address without a display name: `alice@corp.example`. Quoted local parts, addresses in other
 * alphabets and domains without a dot are none: a user name such as `alice@corp` is more often a name than an address.
 */
export const isMailAddress = (text: string): boolean => text.length <= LONGEST && ADDRESS.test(text)
