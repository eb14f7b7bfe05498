import { hashOfText } from '../../src/config/bind/policy-set-hash.ts'
import type { DoorRules } from '../../src/domain/door/door-rules.ts'
import { type Baked, bake } from '../../src/door/baked-rules.ts'
import { ENDPOINT, policy } from '../domain/build.ts'
import { doorRules } from '../domain/door/door-rules.ts'

/** A request of mallory, as AWS sends it. */
export const MALLORY = {
  'connection-id': 'cvpn-connection-0123456789abcdef0',
  'endpoint-id': ENDPOINT,
  'common-name': 'laptop-7',
  username: 'mallory',
  'schema-version': 'v2',
}

/** Rules that ban mallory, baked. `different` replaces parts of them. */
export const baked = (different: Partial<DoorRules>): Baked =>
  bake(
    doorRules([policy('banned-users', { users: ['mallory'] })], { policySetHash: 'ab'.repeat(32), ...different }),
    hashOfText,
  )
