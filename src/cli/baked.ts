import { hashOfText } from '../config/bind/policy-set-hash.ts'
import type { DoorRules } from '../domain/door/door-rules.ts'
import { type Baked, bake } from '../door/baked-rules.ts'

/** The rules as the zip has them. */
export const bakedOf = (rules: DoorRules): Baked => bake(rules, hashOfText)
