import { get as getHttp } from 'node:http'
import { get as getHttps } from 'node:https'

// The image's HEALTHCHECK: exits 0 where the daemon's loop turns, else 1 with a line that says what was seen.
// CURFEW_HEALTH_URL is for those who serve on another port or with TLS. The file of the daemon is not asked: a broken
// edit of it is kept out by the daemon, and must not make a working one look sick.

const url = process.env.CURFEW_HEALTH_URL ?? 'http://127.0.0.1:9464/healthz'
const get = url.startsWith('https:') ? getHttps : getHttp

// The certificate names the host as others see it, not the loopback address that is asked here.
const request = get(url, { rejectUnauthorized: false, timeout: 4_000 }, (response) => {
  response.resume()
  console.log(`${url} answered ${response.statusCode}`)
  process.exitCode = response.statusCode === 200 ? 0 : 1
})
request.on('timeout', () => request.destroy(new Error('no answer within 4 s')))
request.on('error', ({ message }) => {
  console.log(`${url}: ${message}`)
  process.exitCode = 1
})
