import { type Instant, MINUTE, NEVER } from '../domain/time/instant.ts'
import { type Client, traffic } from './client.ts'
import type { Random } from './random.ts'
import type { PersonScenario, PopulationScenario } from './scenario.ts'
import type { SimulatedEndpoint, World } from './world.ts'

interface Names {
  readonly username: string | undefined
  readonly commonName: string
}

/**
 * The names that AWS lists depend on the authentication. A certificate has no user name; with the others, the common name
 * is the user name.
 */
const namesOf = (endpoint: SimulatedEndpoint, name: string): Names => ({
  username: endpoint.scenario.authentication === 'certificate' ? undefined : name,
  commonName: name,
})

const clientOf = (
  { username, commonName }: Names,
  { idle, posture, reconnectAfter }: Pick<PersonScenario, 'idle' | 'posture' | 'reconnectAfter'>,
  leavesAt: Instant,
  random: Random,
): Client => {
  const { ingressPerSecond, egressPerSecond } = traffic(idle, random)
  return { username, commonName, posture, ingressPerSecond, egressPerSecond, reconnectAfter, leavesAt }
}

const admitPerson = (world: World, endpoint: SimulatedEndpoint, person: PersonScenario, random: Random) => {
  const { username, commonName = username ?? '' } = person
  const leavesAt = person.leavesAfter === undefined ? NEVER : world.now + person.leavesAfter
  world.admit(endpoint, clientOf({ username, commonName }, person, leavesAt, random), world.now - person.age)
}

const admitPopulation = (world: World, endpoint: SimulatedEndpoint, population: PopulationScenario, random: Random) => {
  const { count, ages, stay, arrivalsPerMinute } = population
  let counted = 0
  const next = (leavesAt: Instant) => {
    counted += 1
    const name = population.name.replaceAll('{n}', String(counted))
    return clientOf(namesOf(endpoint, name), population, leavesAt, random)
  }

  for (let admitted = 0; admitted < count; admitted++) {
    // A client that is connected at the start has spent a part of its stay already.
    const left = stay === undefined ? NEVER : random.within({ from: 1, to: Math.max(1, random.within(stay)) })
    world.admit(endpoint, next(world.now + left), world.now - random.within(ages))
  }

  if (arrivalsPerMinute === undefined) return
  const arrive = () => {
    world.admit(endpoint, next(stay === undefined ? NEVER : world.now + random.within(stay)))
    scheduleArrival()
  }
  const scheduleArrival = () => world.later(world.now + random.wait(arrivalsPerMinute / MINUTE), arrive)
  scheduleArrival()
}

/** Fills an endpoint with the clients of its scenario. */
export const populate = (world: World, endpoint: SimulatedEndpoint, random: Random): void => {
  for (const person of endpoint.scenario.connections) admitPerson(world, endpoint, person, random)
  for (const population of endpoint.scenario.clients) admitPopulation(world, endpoint, population, random)
}
