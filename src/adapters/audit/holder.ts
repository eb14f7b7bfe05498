import { randomUUID } from 'node:crypto'
import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import * as z from 'zod'
import { toIso } from '../../domain/time/instant.ts'
import { codeOf } from './failure.ts'

const schema = z.object({
  /** Of this hold: no other has the same. */
  id: z.string(),
  pid: z.int().positive(),
  host: z.string(),
  startedAt: z.string(),
  /** Where the pid means something: one boot of one machine, and one container of it. */
  space: z.string(),
  /** When the process began, in the kernel's ticks: another process of the same pid has another. */
  startTicks: z.string().optional(),
})

/** Who holds a lock, as the lock tells. */
export type Holder = z.infer<typeof schema>

export const thisProcess = async (): Promise<Holder> => ({
  id: randomUUID(),
  pid: process.pid,
  host: hostname(),
  startedAt: toIso(Date.now() - process.uptime() * 1000) ?? '',
  space: await thisSpace(),
  startTicks: (await readProcess(process.pid))?.startTicks,
})

/** Undefined if this names nobody. */
export const readHolder = (text: string): Holder | undefined => {
  try {
    return schema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/** `unknown` where only another machine or container could tell, or the system does not say which process it is. */
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

/** Two containers of one host may share its name, and each has a process 1. */
const thisSpace = async (): Promise<string> => {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
  const pids = await readlink('/proc/self/ns/pid').catch(() => '')
  return [hostname(), boot.trim(), pids].join(' ')
}

const readProcess = async (pid: number) => {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined)
  if (stat === undefined) return undefined
  // proc_pid_stat(5): the name, in brackets, may hold anything; after it come state (3rd) and so on to start time (22nd).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { startTicks: fields[19], ended: fields[0] === 'Z' || fields[0] === 'X' }
}
