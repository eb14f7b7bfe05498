import { readFileSync } from 'node:fs'

/** Linux counts the time of a process in these: sysconf(_SC_CLK_TCK). */
const TICKS_PER_SECOND = 100

/** The columns 14 to 17 of the kernel's `stat`: user and system time of the process, then of its children that have ended. */
const secondsOf = (pid: number): readonly number[] => {
  // The name of the program, in parentheses, may have spaces.
  const [, after = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(/\) (?=[A-Z] )/)
  const fields = after.split(' ')
  return [11, 12, 13, 14].map((at) => Number(fields[at]) / TICKS_PER_SECOND)
}

const sum = (seconds: readonly number[]) => seconds.reduce((all, one) => all + one, 0)

/** What a process and its children that have ended have used so far. */
export const cpuSecondsOf = (pid: number): number => sum(secondsOf(pid))

/** What the ended children of this process have used so far. */
export const childrenCpuSeconds = (): number => sum(secondsOf(process.pid).slice(2))

export const residentMbOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
