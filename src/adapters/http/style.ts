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
@media (prefers-color-scheme: dark) {
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
`
