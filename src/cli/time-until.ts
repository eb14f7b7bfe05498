import { formatDuration } from '../domain/time/duration.ts'
import { SECOND } from '../domain/time/instant.ts'

/** How long until an instant. A part of a second is not "0s": what happens then has not happened yet. */
export const timeUntil = (ms: number): string => (ms < SECOND ? 'less than a second' : formatDuration(ms))
