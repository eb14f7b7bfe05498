import type { Outgoing } from '../../adapters/proxy/outgoing.ts'
import type { Clock } from '../../app/clock.ts'
import type { Site } from '../../app/site.ts'
import type { Survey } from '../../app/survey.ts'
import type { VpnSite } from '../../app/vpn.ts'
import type { WatchEntry } from '../../app/watch-list.ts'
import type { Configuration } from '../../config/configuration.ts'
import type { auditCheck } from './audit.ts'
import type { HearingClock } from './clock.ts'
import type { configurationCheck } from './configuration.ts'
import type { ExamineEngine } from './engine.ts'
import type { proxyCheck } from './proxy.ts'
import type { secretsCheck } from './secrets.ts'
import type { serverCheck } from './server.ts'
import type { stateCheck } from './state.ts'

/** What the checks ask. No answer changes anything. */
export interface Ports {
  readonly clock: Clock & HearingClock
  readonly files: Parameters<typeof configurationCheck>[0]
  readonly secrets: Parameters<typeof secretsCheck>[0]
  readonly disk: Parameters<typeof auditCheck>[0] & Parameters<typeof stateCheck>[0]
  readonly examineEngine: ExamineEngine
  readonly whyNotListening: Parameters<typeof serverCheck>[0]
  readonly environment: Parameters<typeof proxyCheck>[0]
  /** The entries of `watch`, as the daemon watches them. */
  watchOf(configuration: Configuration): readonly WatchEntry[]
  connect(site: Site, configuration: Configuration, outgoing: Outgoing): SurveyedSite
}

/** The calls to one account and Region, with the questions that only the checks ask. */
export type SurveyedSite = VpnSite & { readonly survey: Survey }
