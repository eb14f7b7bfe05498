import { STYLE } from '../html/style.ts'

/** The style sheet of the report: that of every page, and what charts and paper need. */
export const REPORT_STYLE = `${STYLE}
.headline p { font-size: 1.2rem; }
.figures { grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); }
.figures dd { font-size: 1.35rem; }
.drawn { display: flex; min-width: 44rem; }
.chart { display: block; flex: none; height: auto; font-family: inherit; font-size: 12px; overflow: visible; }
.chart.labels { position: sticky; left: 0; z-index: 1; }
section:has(#week) .chart { background: var(--ground); } /* or the shadow of the region shows between the cells */
.chart text { white-space: pre; }
.key { display: inline-block; width: 1.4rem; height: .7rem; margin: 0 .35rem 0 .7rem; vertical-align: baseline; }
.key:first-child { margin-left: 0; }
.key.kept { background: var(--link); opacity: .75; }
.key.recorded { border-top: 2px dashed var(--bad); height: .35rem; }
.key.saved { background: var(--bad); opacity: .3; height: .4rem; }
.key.end { background: var(--bad); width: .2rem; }
details { margin: .4rem 0; }
.search { margin: .6rem 0; }
.search input { font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--quiet); border-radius: .4rem; padding: .4rem .6rem; width: min(24rem, 100%); }
thead th { white-space: normal; }
:not(.week) > tbody > tr > th { min-width: 12rem; position: sticky; left: 0; background: var(--ground); }
:not(.week) > thead th:first-child { position: sticky; left: 0; z-index: 2; background: var(--ground); }
@media (max-width: 36rem) { :not(.week) > tbody > tr > th { min-width: 8rem; } }
.tall .scrolling { max-height: 34rem; overflow-y: auto; border-bottom: 1px solid var(--line); }
.tall thead th { position: sticky; top: 0; z-index: 1; background: var(--ground); }
tr[hidden] { display: none; }
@page { margin: 14mm; }
@media print {
  html { font-size: 10pt; }
  body { max-width: none; padding: 0; }
  .number { padding-right: .75rem; }
  .tall thead th, th, thead th:first-child, .chart.labels { position: static; }
  .scrolling, .tall .scrolling { overflow: visible; max-height: none; background: none; }
  .drawn { min-width: 0; }
  .chart { max-height: 24cm; }
  .key, .bad, .care, .good { print-color-adjust: exact; }
  h2, h3, caption { break-after: avoid; }
  .chart, .policy, .headline, .figures div, tr { break-inside: avoid; }
  .search, summary, details:not([open]) { display: none; }
}
`
