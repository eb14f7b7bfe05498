/** Operations on the threads of Node, as `getActiveResourcesInfo` names them: of files, and look-ups of hosts. */
const ON_THREADS = /^(FSReq|GetAddrInfo|GetNameInfo)/

/**
 * Ends this process. At its exit Node waits for the operations on its threads, for ever if a disk does not answer. Then
 * SIGTERM ends the process (143 for a shell), which tells that not everything was put in order. The first process of a
 * container cannot end itself so: the container's runtime kills it after the grace period.
 */
export const exit = (code?: number): void => {
  if (!process.getActiveResourcesInfo().some((name) => ON_THREADS.test(name))) process.exit(code)
  process.removeAllListeners('SIGTERM')
  process.kill(process.pid, 'SIGTERM')
}
