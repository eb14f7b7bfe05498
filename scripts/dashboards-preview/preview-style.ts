import { Html } from '../../src/adapters/html/html.ts'

/** The look of the preview: the grid of Grafana, and its colours for light and dark. */
export const PREVIEW_STYLE = new Html(`
:root {
  color-scheme: light dark; --page: #f4f5f5; --panel: #fff; --text: #24292e; --quiet: #6e7278; --line: #e1e3e6;
  --on-colour: #fff; --green: #56a64b; --orange: #ff780a; --red: #e02f44; --blue: #3274d9; --purple: #a352cc;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #111217; --panel: #181b1f; --text: #ccccdc; --quiet: #8e8e99; --line: #2c3235;
    --on-colour: #fff; --green: #73bf69; --orange: #ff9830; --red: #f2495c; --blue: #5794f2; --purple: #b877d9;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 16px 24px; width: 1600px; background: var(--page); color: var(--text); font: 13px/1.4 Inter, system-ui, sans-serif; }
h1 { font-size: 18px; }
summary { font-size: 15px; font-weight: 500; padding: 8px 0; cursor: pointer; }
section { display: grid; grid-template-columns: repeat(24, 1fr); grid-auto-rows: 30px; gap: 8px; }
article { background: var(--panel); border: 1px solid var(--line); border-radius: 2px; padding: 0 8px 8px; overflow: hidden; display: flex; flex-direction: column; min-width: 0; }
h3 { font-size: 14px; font-weight: 500; line-height: 31px; margin: 0; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; flex: none; }
h3 em { font-style: normal; font-size: 12px; color: var(--orange); }
small { color: var(--quiet); }
.tiles { display: flex; gap: 4px; flex: 1; min-height: 0; }
.tile { flex: 1; display: flex; flex-direction: column; align-items: center; justify-content: center; border-radius: 2px; min-width: 0; }
.tile b { font-weight: 500; line-height: 1.1; white-space: nowrap; }
.tile small { color: inherit; }
.chart { display: block; width: 100%; min-height: 0; font: 12px Inter, system-ui, sans-serif; color: var(--quiet); }
.legend { flex: 1; overflow: auto; font-size: 12px; display: flex; flex-wrap: wrap; gap: 0 14px; align-content: flex-start; min-height: 0; }
.legend i { display: inline-block; width: 14px; height: 4px; border-radius: 2px; margin-right: 6px; vertical-align: middle; }
.legend span { white-space: pre; }
.table { overflow: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: 5px 8px; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap; }
th { font-weight: 500; color: var(--blue); position: sticky; top: 0; background: var(--panel); }
.value { text-align: right; font-variant-numeric: tabular-nums; }
.empty { margin: auto; color: var(--quiet); }
`)
