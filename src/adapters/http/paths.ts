/** Every path that is served beside the page at `/`, with a description for it. */
export const PATHS = {
  '/metrics': 'metrics for Prometheus',
  '/status': 'the endpoints, policies in force and open work, as JSON',
  '/healthz': 'whether the main loop runs',
  '/readyz': 'whether this process is at work, and has polled each of its endpoints at least once',
} as const

/** Paths without a login: a kubelet or a load balancer has none, and each answer holds a single bit. */
export const OPEN_PATHS: ReadonlySet<string | undefined> = new Set(['/healthz', '/readyz'])
