import { html } from './html.ts'
import { pageOf } from './page.ts'

/** Every path that is served, with a description for the index page. */
export const PATHS = {
  '/metrics': 'metrics for Prometheus',
  '/status': 'the endpoints, policies in force and open work, as JSON',
  '/healthz': 'whether the main loop runs',
  '/readyz': 'whether every endpoint has been polled at least once',
} as const

/** Paths without a login: a kubelet or a load balancer has none, and each answer holds a single bit. */
export const OPEN_PATHS: ReadonlySet<string | undefined> = new Set(['/healthz', '/readyz'])

export const INDEX = pageOf({
  title: 'Curfew',
  body: html`<h1>Curfew</h1>
<ul>
${Object.entries(PATHS).map(([path, description]) => html`<li><a href="${path}">${path}</a>: ${description}</li>\n`)}
</ul>`,
})
