/** One endpoint, and the people who use it. */
export interface Office {
  readonly endpointId: string
  readonly timeZone: string
  /** SAML writes two more lines for each login. */
  readonly login: 'active-directory' | 'saml'
}

const BERLIN: Office = {
  endpointId: 'cvpn-endpoint-0123456789abcdef0',
  timeZone: 'Europe/Berlin',
  login: 'active-directory',
}

const NEW_YORK: Office = {
  endpointId: 'cvpn-endpoint-0fedcba9876543210',
  timeZone: 'America/New_York',
  login: 'saml',
}

/**
 * How somebody uses the VPN. `staff` and `contractor` work by day, `night-shift` by night. An `always-on` client never
 * disconnects by itself. The `leaver` is staff until the middle of the month; then the client comes back every minute.
 */
type Habit = 'staff' | 'contractor' | 'night-shift' | 'always-on' | 'leaver'

export interface Member {
  readonly index: number
  /** Undefined for a machine that has a certificate and no user. */
  readonly username: string | undefined
  readonly commonName: string
  readonly habit: Habit
  readonly office: Office
  /** A phone or tablet beside the laptop. */
  readonly hasSecondDevice: boolean
}

const FIRST =
  `alice bob carol dave erin frank grace heidi ivan judy ken laura mike nina oscar peggy quinn ruth steve trudy
  uma victor wendy xavier yara zoe`.split(/\s+/)
const LAST = `adams baker cole diaz evans fox green hill ivers jones klein lopez meyer novak olsen park quist reed singh
  tran ueda vogel wood`.split(/\s+/)

/** Distinct for each index. */
const nameOf = (index: number): string => {
  const names = FIRST.length * LAST.length
  const number = index < names ? '' : String(Math.floor(index / names) + 1)
  return `${FIRST[index % FIRST.length]}.${LAST[Math.floor(index / FIRST.length) % LAST.length]}${number}`
}

const habitOf = (index: number): Habit => {
  if (index % 8 === 5) return 'contractor'
  if (index % 20 === 2) return 'night-shift'
  return index % 40 === 11 ? 'always-on' : 'staff'
}

const memberOf = (index: number): Member => {
  const habit = habitOf(index)
  const name = habit === 'contractor' ? `ext-${nameOf(index)}@vendor.example` : `${nameOf(index)}@corp.example`
  return {
    index,
    username: name,
    commonName: name,
    habit,
    office: Math.floor(index / 3) % 10 < 7 ? BERLIN : NEW_YORK,
    hasSecondDevice: index % 9 === 4,
  }
}

/** The company: so many people, among them a leaver, and a machine that builds software. */
export const companyOf = (people: number): readonly Member[] => {
  const leaver = 'mallory@corp.example'
  return [
    ...Array.from({ length: Math.max(0, people - 1) }, (_, index) => memberOf(index)),
    { ...memberOf(people), habit: 'leaver', office: BERLIN, username: leaver, commonName: leaver },
    { ...memberOf(people), habit: 'always-on', office: BERLIN, username: undefined, commonName: 'build-01' },
  ]
}
