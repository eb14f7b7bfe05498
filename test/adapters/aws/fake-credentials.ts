import { afterAll, beforeAll, vi } from 'vitest'

export const SECRET_KEY = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
export const SESSION_TOKEN = 'IQoJb3JpZ2luX2VjEXAMPLETOKENIQoJb3JpZ2luX2VjEXAMPLETOKEN'

/** Sets credentials in the environment. The SDK's default chain finds these, and not those of the host. */
export const stubCredentials = () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAIOSFODNN7EXAMPLE')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', SECRET_KEY)
  vi.stubEnv('AWS_SESSION_TOKEN', SESSION_TOKEN)
  vi.stubEnv('AWS_CONFIG_FILE', '/dev/null')
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null')
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
}

export const useFakeCredentials = () => {
  beforeAll(stubCredentials)
  afterAll(() => {
    vi.unstubAllEnvs()
  })
}
