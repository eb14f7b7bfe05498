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
  | 'CurfewEntryUnmatched'
  | 'CurfewGuardHolding'
  | 'CurfewNotEnforcing'
  | 'CurfewNotificationsLost'
  | 'CurfewPermissionMissing'
  | 'CurfewQueueLong'
  | 'CurfewReconnectLoop'
  | 'CurfewReloadRefused'
  | 'CurfewSnapshotOld'
  | 'CurfewTerminationGaveUp'
  | 'CurfewThrottled'

/** The link of a panel to its heading in the runbook. `raw` keeps Grafana from escaping the slashes of the base. */
export const runbookLink = (alert: Alert): DashboardLinkBuilder =>
  new DashboardLinkBuilder(`Runbook: ${alert}`).url(`\${runbook_base:raw}#${alert.toLowerCase()}`).targetBlank(true)

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
