import { get as getHttp } from 'node:http'
import { get as getHttps } from 'node:https'

// The HEALTHCHECK of the image. It exits with 0 while the daemon's loop runs, otherwise with 1, and prints what it
// found. CURFEW_HEALTH_URL is the address of a daemon with another port or with TLS. The check does not read the
// daemon's configuration: the daemon ignores a broken edit of it, and must still count as healthy.

const url = process.env.CURFEW_HEALTH_URL ?? 'http://127.0.0.1:9464/healthz'
const get = url.startsWith('https:') ? getHttps : getHttp

// The certificate names the public host, not the loopback address of this request.
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
