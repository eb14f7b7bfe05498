import { readFileSync } from 'node:fs'

/** Linux counts the time of a process in these: sysconf(_SC_CLK_TCK). */
const TICKS_PER_SECOND = 100

/** What a process and its children that have ended have used so far. */
export const cpuSecondsOf = (pid: number): number => {
  // The name of the program, in parentheses, may have spaces.
  const [, after = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(/\) (?=[A-Z] )/)
  const fields = after.split(' ')
  return [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0) / TICKS_PER_SECOND
}

/** What the ended children of this process have used so far. */
export const childrenCpuSeconds = (): number => {
  const { user, system } = process.cpuUsage()
  return cpuSecondsOf(process.pid) - (user + system) / 1e6
}

export const residentMbOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
