import { adviceOnProxy, type Obstacle, type Reach, type Service, type Survey, type Way } from '../../app/survey.ts'
import type { Check } from './examination.ts'
import { failed, ok, warning } from './finding.ts'

type NotReached = Extract<Reach, { readonly state: 'not-reached' }>

const hostOf = (address: string) => address.replace(/:\d+$/, '')

const coded = (systemCode: string | undefined) => (systemCode === undefined ? '' : ` (${systemCode})`)

/** How a request goes there, in words. */
const through = ({ proxy }: Way): string =>
  proxy === undefined ? 'directly' : `through the proxy ${proxy.address} of ${proxy.variable}`

const FAULTS: Readonly<
  Record<Obstacle, (of: NotReached, address: string) => { readonly found: string; readonly advice: string }>
> = {
  proxy: ({ detail, advice }) => ({ found: detail, advice }),
  name: ({ systemCode, way }, address) => ({
    found: `DNS does not know ${hostOf(address)}${coded(systemCode)}`,
    advice: `check the Region's name and the DNS server of this machine ("getent hosts ${hostOf(address)}"); ${adviceOnProxy(way)}`,
  }),
  refused: ({ systemCode, way }, address) => ({
    found: `${address} refuses the connection${coded(systemCode)}`,
    advice: `check endpointUrl, AWS_ENDPOINT_URL and the firewall; ${adviceOnProxy(way)}`,
  }),
  certificate: ({ systemCode }, address) => ({
    found: `the certificate of ${address} is not trusted${coded(systemCode)}`,
    advice:
      'a proxy may read the traffic: name its CA in AWS_CA_BUNDLE. Otherwise check the address and the clock of this machine',
  }),
  'no-tls': ({ advice }, address) => ({ found: `${address} does not speak TLS`, advice }),
  url: ({ detail, advice }) => ({ found: detail, advice }),
  silence: ({ way }, address) => ({
    found: `no answer from ${address} in time`,
    advice: `check the route, the firewall and the VPC endpoint; ${adviceOnProxy(way)}`,
  }),
  'another-server': (_, address) => ({
    found: `another server answers at ${address}, with something that AWS does not write`,
    advice: 'a login page or a proxy may answer in its place: open the address in a browser, and check endpointUrl',
  }),
  broken: ({ systemCode, detail, way }, address) => ({
    found: `no connection to ${address}${systemCode === undefined ? `: ${detail}` : coded(systemCode)}`,
    advice: `check the network; ${adviceOnProxy(way)}`,
  }),
}

/** Whether a service of AWS answers: DNS, the connection and TLS. No credentials are sent. */
export const networkCheck = ({
  survey,
  service,
  region,
  isNeeded,
}: {
  readonly survey: Pick<Survey, 'reach'>
  readonly service: Service
  readonly region: string
  /** Whether nothing works without the service. */
  readonly isNeeded: boolean
}): Check<unknown, Pick<Survey, 'reach'>> => ({
  name: 'network',
  subject: `${service} in ${region}`,
  async ask(_needed, signal) {
    const reach = await survey.reach(service, signal)
    if (reach.state === 'reached') {
      return { finding: ok(`${reach.way.address} answers ${through(reach.way)}`), value: survey }
    }
    const { obstacle, way } = reach
    const fault = FAULTS[obstacle](reach, way?.address ?? `${service} in ${region}`)
    const found = way?.proxy === undefined || obstacle === 'proxy' ? fault.found : `${fault.found}, ${through(way)}`
    const whole = { ...fault, found, expected: `an answer of ${service}` }
    return isNeeded ? { finding: failed(whole) } : { finding: warning(whole), value: survey }
  },
})
