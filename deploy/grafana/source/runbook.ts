import { type DashboardLink, DashboardLinkBuilder } from '@grafana/grafana-foundation-sdk/dashboard'

/** The alerts; the runbook has a heading for each. */
export type Alert =
  | 'CurfewAuditNotWritable'
  | 'CurfewBanNotEffective'
  | 'CurfewBreakGlassUsed'
  | 'CurfewClockSkew'
  | 'CurfewDown'
  | 'CurfewEndpointBlind'
  | 'CurfewEnforcementLate'
  | 'CurfewEngineUnreachable'
  | 'CurfewEntryUnmatched'
  | 'CurfewGuardHolding'
  | 'CurfewLookupsDistrusted'
  | 'CurfewNotEnforcing'
  | 'CurfewNotificationsLost'
  | 'CurfewOldGenerationBack'
  | 'CurfewPermissionMissing'
  | 'CurfewQueueLong'
  | 'CurfewReconnectLoop'
  | 'CurfewReloadRefused'
  | 'CurfewReplicasDiffer'
  | 'CurfewSnapshotOld'
  | 'CurfewTerminationGaveUp'
  | 'CurfewThrottled'
  | 'CurfewUnitWithoutOwner'

/** The alarms of the connect handler, and where its log answers more: headings of docs/connect-handler.md. */
const DOOR_HEADINGS = {
  DeniedConnections: 'deniedconnections',
  Errors: 'errors',
  FailedHandler: 'failedhandler',
  OnErrorAnswers: 'onerroranswers',
  SlowAnswers: 'slowanswers',
  Throttles: 'throttles',
  'Questions to the log': 'questions-to-the-log',
} as const

export type DoorHeading = keyof typeof DOOR_HEADINGS

const isOfDoor = (heading: Alert | DoorHeading): heading is DoorHeading => Object.hasOwn(DOOR_HEADINGS, heading)

/** The link of a panel to its heading on a page. `raw` keeps Grafana from escaping the slashes of the base. */
export const linkTo = (heading: Alert | DoorHeading): DashboardLinkBuilder =>
  (isOfDoor(heading)
    ? new DashboardLinkBuilder(`Connect handler: ${heading}`).url(
        `\${connect_handler_page:raw}#${DOOR_HEADINGS[heading]}`,
      )
    : new DashboardLinkBuilder(`Runbook: ${heading}`).url(`\${runbook_base:raw}#${heading.toLowerCase()}`)
  ).targetBlank(true)

/** Links to the other dashboards, with the same time range and endpoints. */
export const siblings: DashboardLink = {
  title: 'Curfew',
  type: 'dashboards' as DashboardLink['type'],
  icon: 'external link',
  tooltip: '',
  tags: ['curfew'],
  asDropdown: false,
  targetBlank: false,
  includeVars: true,
  keepTime: true,
}
