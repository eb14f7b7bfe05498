import { siteKey } from '../../app/site.ts'
import type { Service, Survey } from '../../app/survey.ts'
import type { WatchEntry } from '../../app/watch-list.ts'
import { SECOND } from '../../domain/time/instant.ts'
import { auditCheck } from './audit.ts'
import { clockCheck } from './clock.ts'
import { configurationCheck } from './configuration.ts'
import { credentialsCheck } from './credentials.ts'
import { endpointsCheck } from './endpoints.ts'
import { engineCheck } from './engine.ts'
import { both, type Checked, createExamination, type Examination, firstWithValue, NOTHING } from './examination.ts'
import { type Common, createTurns, examineEndpoint } from './examine-endpoint.ts'
import { networkCheck } from './network.ts'
import type { Ports, SurveyedSite } from './ports.ts'
import { proxyCheck } from './proxy.ts'
import { secretsCheck } from './secrets.ts'
import { serverCheck } from './server.ts'
import { stateCheck } from './state.ts'

/** The time for all checks together, less that of a watch. */
const LIMIT_MS = 28 * SECOND

/** One way to AWS: an account and Region, whether its services answer, and its credentials. */
interface Way {
  readonly region: string
  readonly vpn: SurveyedSite
  readonly reached: Readonly<Record<Service, Promise<Checked<Pick<Survey, 'reach'>>>>>
}

/** The site as a title: its Region, and the role if there is one. */
const labelOf = ({ region, assumeRole }: WatchEntry['site']) =>
  assumeRole === undefined ? region : `${region}, ${assumeRole.arn.split(':').slice(4).join(':')}`

/** Whether AWS answers in each Region. Entries with the same way to AWS share one, and Regions are asked once. */
const examineNetwork = (
  { check }: Examination,
  ready: Promise<Checked<unknown>>,
  entries: readonly WatchEntry[],
  connect: (site: WatchEntry['site']) => SurveyedSite,
): ReadonlyMap<string, Way> => {
  const ways = new Map<string, Way>()
  const asked = new Map<string, Way['reached'][Service]>()
  for (const { site } of entries) {
    if (ways.has(siteKey(site))) continue
    const { region, endpointUrl } = site
    const vpn = connect(site)
    const isNeeded = entries.some((one) => one.site.region === region && one.site.assumeRole !== undefined)
    const once = (key: string, service: Service, needed: boolean) => {
      const known =
        asked.get(key) ?? check(ready, networkCheck({ survey: vpn.survey, service, region, isNeeded: needed }))
      asked.set(key, known)
      return known
    }
    ways.set(siteKey(site), {
      region,
      vpn,
      reached: { EC2: once(`EC2 ${region} ${endpointUrl}`, 'EC2', true), STS: once(`STS ${region}`, 'STS', isNeeded) },
    })
  }
  return ways
}

/** Checks one entry of `watch`: its credentials, its endpoints, and each of these. Resolves when all these are read. */
const examineEntry = async (entry: WatchEntry, { region, vpn, reached }: Way, common: Common): Promise<void> => {
  const { examination, clock } = common
  const { check } = examination
  const label = labelOf(entry.site)
  const known = check(reached.STS, credentialsCheck(vpn.survey, entry.site, label))
  const ready = both(reached.EC2, known)
  const found = await check(ready, endpointsCheck({ vpn, clock }, entry, { subject: label, region }))
  await Promise.all((found.value ?? []).map((endpoint) => examineEndpoint(endpoint, vpn, region, ready, common)))
}

/** Checks everything that goes wrong on the first day. A watch ends early once `enough` is aborted. Returns the findings in the order of dependency. */
export const examine = async (ports: Ports, watchMs: number | undefined, enough: AbortSignal) => {
  const { clock, files, secrets, disk, whyNotListening } = ports
  const examination = createExamination(clock, LIMIT_MS)
  const { check } = examination
  const configured = check(NOTHING, configurationCheck(files))
  const trail = check(configured, auditCheck(disk))
  void check(configured, secretsCheck(secrets))
  void check(configured, stateCheck(disk))
  void check(configured, serverCheck(whyNotListening, trail))
  if ((await configured).value?.engine.kind === 'postgres') void check(configured, engineCheck(ports.examineEngine))
  const proxied = check(configured, proxyCheck(ports.environment))
  const { value: ready } = await both(configured, proxied)
  if (ready !== undefined) {
    const [configuration, outgoing] = ready
    const entries = ports.watchOf(configuration)
    const connect = (site: WatchEntry['site']) => ports.connect(site, configuration, outgoing)
    const ways = examineNetwork(examination, proxied, entries, connect)
    const all = [...ways.values()]
    let allRead: () => void = () => {}
    const reads = new Promise<void>((resolve) => {
      allRead = resolve
    })
    const clockIsRight = check(firstWithValue(all.map(({ reached }) => reached.EC2)), clockCheck(clock, reads))
    const common: Common = {
      examination,
      configuration,
      clock,
      clockIsRight,
      watchMs,
      enough,
      regions: all,
      inTurn: createTurns(),
    }
    await Promise.all(
      entries.map(async (entry) => {
        const way = ways.get(siteKey(entry.site))
        if (way !== undefined) await examineEntry(entry, way, common)
      }),
    )
    allRead()
  }
  return examination.findings()
}
