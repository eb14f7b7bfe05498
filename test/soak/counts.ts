const COUNTS = [
  'kills',
  'stops',
  'edits',
  'brokenEdits',
  'banEdits',
  'hangUps',
  'faultPhases',
  'reloaded',
  'reloadRefused',
  'confirmed',
  'alreadyGone',
  'failed',
  'gaveUp',
  'blind',
  'pollsFailed',
  'healthAsked',
  'healthMissed',
] as const

export type Count = (typeof COUNTS)[number]
export type Counts = Record<Count, number>

export const noCounts = (): Counts => Object.fromEntries(COUNTS.map((count) => [count, 0])) as Counts

const OUTCOMES: Readonly<Record<string, Count>> = {
  confirmed: 'confirmed',
  'already-gone': 'alreadyGone',
  failed: 'failed',
  'gave-up': 'gaveUp',
}

const EVENTS: Readonly<Record<string, Count>> = {
  reloaded: 'reloaded',
  'reload-refused': 'reloadRefused',
  blind: 'blind',
  'poll-failed': 'pollsFailed',
}

/** The count that a line of the log increases, if any. */
export const countOf = (line: { readonly event?: string; readonly outcome?: string }): Count | undefined =>
  line.event === 'termination' ? OUTCOMES[line.outcome ?? ''] : EVENTS[line.event ?? '']
