import { randomUUID } from 'node:crypto'
import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import * as z from 'zod'
import { toIso } from '../../domain/time/instant.ts'
import { codeOf } from '../files/disk-fault.ts'

const schema = z.object({
  /** Unique to this acquisition of the lock. */
  id: z.string(),
  pid: z.int().positive(),
  host: z.string(),
  startedAt: z.string(),
  /** Where the pid is valid: one boot of one machine, and one pid namespace. */
  space: z.string(),
  /** The start of the process in kernel clock ticks since boot. A later process with the same pid has another value. */
  startTicks: z.string().optional(),
})

/** The process that holds a lock, as the lock file names it. */
export type Holder = z.infer<typeof schema>

export const thisProcess = async (): Promise<Holder> => ({
  id: randomUUID(),
  pid: process.pid,
  host: hostname(),
  startedAt: toIso(Date.now() - process.uptime() * 1000) ?? '',
  space: await thisSpace(),
  startTicks: (await readProcess(process.pid))?.startTicks,
})

/** Reads the text of a lock file. Undefined if it does not name a process. */
export const readHolder = (text: string): Holder | undefined => {
  try {
    return schema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/** `unknown` for a process of another machine or container, and where the system gives no start time of the process. */
export const vitality = async ({ pid, space, startTicks }: Holder): Promise<'alive' | 'dead' | 'unknown'> => {
  if (space !== (await thisSpace())) return 'unknown'
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return 'dead'
  }
  const found = await readProcess(pid)
  if (found === undefined || startTicks === undefined) return 'unknown'
  return found.startTicks === startTicks && !found.ended ? 'alive' : 'dead'
}

/** The host name alone is not enough: containers of one host may share its name, and each has a process 1. */
const thisSpace = async (): Promise<string> => {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
  const pids = await readlink('/proc/self/ns/pid').catch(() => '')
  return [hostname(), boot.trim(), pids].join(' ')
}

const readProcess = async (pid: number) => {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined)
  if (stat === undefined) return undefined
  // proc_pid_stat(5): field 2 is the name in parentheses and may hold any character. Field 3 is the state, field 22 the
  // start time.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { startTicks: fields[19], ended: fields[0] === 'Z' || fields[0] === 'X' }
}
