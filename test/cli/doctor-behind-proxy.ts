import { certificate } from '../adapters/http/certificates.ts'
import { startNames, startTlsFront } from '../adapters/proxy/inner-network.ts'
import { startTinyproxy } from '../adapters/proxy/tinyproxy.ts'
import { startSetUp } from './doctor-set-ups.ts'

/** The SDK's own addresses instead of those that keep the tests from AWS. */
export const NAMED_BY_SDK = { AWS_ENDPOINT_URL_EC2: undefined, AWS_ENDPOINT_URL_STS: undefined }

const HOSTS = ['ec2', 'sts'].map((service) => `${service}.eu-central-1.amazonaws.com`)

/** A set-up that reaches AWS under its real names through tinyproxy. Only AWS_CA_BUNDLE has the CA of its certificate. */
export const startBehindProxy = async () => {
  const setUp = await startSetUp()
  const authority = certificate(setUp.here.folder, 'authority')
  const names = HOSTS.map((host) => `DNS:${host}`).join(',')
  const aws = await startTlsFront(certificate(setUp.here.folder, 'aws', authority, names), setUp.office.port)
  const inside = await startNames(Object.fromEntries(HOSTS.map((host) => [host, aws.port])))
  const proxy = await startTinyproxy(`Upstream http 127.0.0.1:${inside.port}`)
  return {
    setUp,
    proxy,
    env: { ...NAMED_BY_SDK, HTTPS_PROXY: `http://${proxy.address}`, AWS_CA_BUNDLE: authority.certFile },
    async [Symbol.asyncDispose]() {
      for (const one of [proxy, inside, aws, setUp]) await one[Symbol.asyncDispose]()
    },
  }
}
