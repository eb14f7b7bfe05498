import { userInfo } from 'node:os'

/** The user of this process. A user of a container may have no name. */
const ownUser = (): string => {
  try {
    const { username, uid } = userInfo()
    return `user ${username} (uid ${uid})`
  } catch {
    return `uid ${process.geteuid?.()}`
  }
}

/** A reason that names the user: an operator who tries the file as root finds nothing wrong with it. */
export const permissionDenied = (): string => `permission denied for ${ownUser()}`
