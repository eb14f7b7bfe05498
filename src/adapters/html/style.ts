/**
 * The style sheet of every page: the fonts of the system, and colours for light and dark. Every pair of a text and its
 * ground has a contrast of at least 4.5 to 1.
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #fcfcfb; --text: #1e2124; --quiet: #5a6168; --line: #dcdfe2; --raised: #f3f4f5; --link: #0a56b8;
  --bad: #a3161b; --bad-ground: #fdeeee; --care: #7a4b00; --care-ground: #fdf4e0; --good: #11653a; --good-ground: #eaf6ee;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --ground: #15181b; --text: #e4e6e8; --quiet: #a0a7ae; --line: #353b41; --raised: #1e2226; --link: #8fbcff;
    --bad: #ffa5a0; --bad-ground: #3a1a1b; --care: #f3c573; --care-ground: #33280f; --good: #86d7a4; --good-ground: #143021;
  }
}
*, ::before, ::after { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 68rem; padding: 1.25rem clamp(1rem, 3vw, 2rem) 3rem;
  background: var(--ground); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere;
}
h1, h2, h3 { line-height: 1.25; margin: 0; }
h1 { font-size: 1.35rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; }
h3 { font-size: 1rem; }
p, ul, ol, dl { margin: .4rem 0; }
ul, ol { padding-left: 1.25rem; }
a { color: var(--link); text-underline-offset: .15em; }
code { font: .9em ui-monospace, monospace; }
small, .quiet { color: var(--quiet); font-size: .9rem; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 2px; }
button {
  font: inherit; font-weight: 600; padding: .5rem 1.1rem; border: 1px solid var(--link); border-radius: .4rem;
  background: var(--link); color: var(--ground); cursor: pointer;
}
.bad, .care, .good { border-left: .3rem solid; border-radius: .3rem; padding: .6rem .9rem; margin: .6rem 0; }
.bad { border-color: var(--bad); background: var(--bad-ground); }
.care { border-color: var(--care); background: var(--care-ground); }
.good { border-color: var(--good); background: var(--good-ground); }
.bad strong, .bad h2, .bad h3 { color: var(--bad); }
.care strong, .care h2, .care h3 { color: var(--care); }
.good strong, .good h2, .good h3 { color: var(--good); }
.bad h2, .care h2, .good h2 { margin: 0 0 .2rem; }
header { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0 1rem; }
header p { margin: 0; }
.headline { padding: .9rem 1.1rem; }
.headline h2 { font-size: 1.6rem; }
.headline p { margin: 0; }
section > h2 { border-bottom: 1px solid var(--line); padding-bottom: .25rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .6rem; }
.figures div { display: flex; flex-direction: column-reverse; justify-content: flex-end; background: var(--raised); border-radius: .4rem; padding: .6rem .8rem; }
.figures dt { color: var(--quiet); font-size: .85rem; }
.figures dd { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.scrolling {
  overflow-x: auto;
  background:
    linear-gradient(to left, var(--ground), var(--ground)) right / 1rem 100% no-repeat local,
    linear-gradient(to left, var(--quiet), transparent) right / .35rem 100% no-repeat scroll;
}
table { border-collapse: collapse; width: 100%; font-size: .95rem; overflow-wrap: normal; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); font-weight: 400; }
thead th { color: var(--quiet); font-size: .85rem; white-space: nowrap; }
tbody th { font-weight: 600; overflow-wrap: anywhere; min-width: 11rem; }
tbody th small { font-weight: 400; }
.number { text-align: right; padding-right: 1.5rem; font-variant-numeric: tabular-nums; }
time, .instant { font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.blind td, tr.blind th { color: var(--bad); background: var(--bad-ground); }
.events { list-style: none; padding: 0; }
.events li { padding: .35rem 0; border-bottom: 1px solid var(--line); font-size: .95rem; }
.events span { color: var(--quiet); margin-right: .4rem; }
.events .error strong { color: var(--bad); }
.events .warn strong { color: var(--care); }
.badge { border: 1px solid var(--line); border-radius: .3rem; padding: 0 .4rem; font-size: .8rem; color: var(--quiet); font-weight: 400; white-space: nowrap; }
.policy { border-bottom: 1px solid var(--line); padding: .6rem 0; }
details.policy { border: 1px solid var(--line); border-radius: .4rem; padding: .6rem .9rem; margin: .6rem 0; }
.policy h3 { display: inline; }
.policy p { margin: .2rem 0 0; }
summary { cursor: pointer; }
.week { margin-top: .5rem; table-layout: fixed; }
.week thead th { color: var(--quiet); font-size: .8rem; }
.week th, .week td { border: 0; padding: .1rem .75rem .1rem 0; vertical-align: middle; }
.week tbody th { white-space: nowrap; font-weight: 400; }
.week th:first-child { width: 9.5rem; min-width: 0; }
.week th:nth-child(3) { width: 32%; }
.week td { font-size: .9rem; }
.scale { display: flex; justify-content: space-between; }
.week svg { display: block; width: 100%; height: 1.25rem; background: var(--raised); }
.week .allowed { fill: var(--link); }
.week .ends { fill: var(--quiet); }
.week .tick, .week .mark { stroke: var(--ground); stroke-width: 1; vector-effect: non-scaling-stroke; fill: none; }
.week .mark { stroke: var(--bad); stroke-width: 3; }
.week .halo { stroke: var(--ground); stroke-width: 9; vector-effect: non-scaling-stroke; }
.week .change { stroke: var(--care); stroke-width: 3; stroke-dasharray: 3 2; vector-effect: non-scaling-stroke; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
footer { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: .5rem; color: var(--quiet); font-size: .9rem; }
@media (max-width: 36rem) {
  .week th:first-child { width: 6rem; }
  .week tbody th { white-space: normal; }
  .week th:nth-child(3) { width: 34%; }
  .week th, .week td { padding-right: .5rem; }
}
`
