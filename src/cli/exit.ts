/** Operations on the threads of Node, as `getActiveResourcesInfo` names them: of files, and look-ups of hosts. */
const ON_THREADS = /^(FSReq|GetAddrInfo|GetNameInfo)/

/** A disk that answers does so within this time. */
const ANSWERS_WITHIN_MS = 1000
const LOOK_EVERY_MS = 20

/**
 * Ends this process. At its exit Node waits for the operations on its threads, for ever if a disk does not answer. After a
 * second SIGTERM then ends the process (143 for a shell), which tells that not everything was put in order. The first
 * process of a container cannot end itself so: the container's runtime kills it after the grace period.
 */
export const exit = (code = process.exitCode): void => {
  const look = (waitedMs: number) => {
    const isWaiting = process.getActiveResourcesInfo().some((name) => ON_THREADS.test(name))
    if (!isWaiting) process.exit(code)
    if (waitedMs < ANSWERS_WITHIN_MS) {
      setTimeout(look, LOOK_EVERY_MS, waitedMs + LOOK_EVERY_MS)
    } else {
      process.removeAllListeners('SIGTERM')
      process.kill(process.pid, 'SIGTERM')
    }
  }
  look(0)
}
