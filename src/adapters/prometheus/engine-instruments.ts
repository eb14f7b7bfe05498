import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** In seconds: from a database in the same zone to one that hardly answers. A beat is asked each second. */
const BEAT_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** The metrics of a replica. They exist with `engine: postgres` only. */
export const createEngineInstruments = (registry: Registry) => {
  const registers = [registry]
  return {
    up: new Gauge({
      name: 'curfew_engine_up',
      help: '1 while this replica is joined with the others; 0 while it cannot reach the database, or may not join: then it holds no unit.',
      registers,
    }),
    units: new Gauge({
      name: 'curfew_engine_units',
      help: 'The units of the configuration, as this replica sees them: held by it, elsewhere, or free. While it is not joined, only `held` is there, at 0.',
      labelNames: ['state'],
      registers,
    }),
    members: new Gauge({
      name: 'curfew_engine_members',
      help: 'The replicas that are joined, as this one sees them; absent while it is not joined.',
      registers,
    }),
    generation: new Gauge({
      name: 'curfew_engine_generation',
      help: 'The generation of this replica’s configuration; absent while it is not joined. Only the replicas of the newest generation keep units.',
      registers,
    }),
    tenures: new Counter({
      name: 'curfew_engine_tenures_total',
      help: 'Tenures of this replica: that began, and how those ended that are over.',
      labelNames: ['outcome'],
      registers,
    }),
    beat: new Histogram({
      name: 'curfew_engine_beat_seconds',
      help: 'How long the database took to answer the question of each second; questions without an answer are not in it.',
      buckets: BEAT_BUCKETS,
      registers,
    }),
    oldGenerations: new Counter({
      name: 'curfew_engine_old_generations_total',
      help: 'How often a configuration came into force that had been in force earlier: by a rollback, because a replica started with old files, or because no replica with the newest ones is left.',
      registers,
    }),
  }
}
