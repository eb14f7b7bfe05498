/** What there is to read, and what for. */
export const PATHS = {
  '/metrics': 'metrics, for Prometheus',
  '/status': 'what is watched and in force, in JSON',
  '/healthz': 'whether the loop turns',
  '/readyz': 'whether every endpoint was tried once',
} as const

/** One bit each, and those who ask have no login: a kubelet, a load balancer. */
export const OPEN_PATHS: ReadonlySet<string | undefined> = new Set(['/healthz', '/readyz'])

export const INDEX = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Curfew</title>
<h1>Curfew</h1>
<ul>
${Object.entries(PATHS)
  .map(([path, what]) => `<li><a href="${path}">${path}</a>: ${what}</li>`)
  .join('\n')}
</ul>
</html>
`
