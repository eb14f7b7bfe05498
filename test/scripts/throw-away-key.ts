import { execFileSync } from 'node:child_process'
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** An environment of git in which nothing of this machine's settings counts. */
export const isolated = (home: string): NodeJS.ProcessEnv => ({
  ...process.env,
  HOME: home,
  GNUPGHOME: home,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
})

/** Makes a key of SSH in a folder. Returns the file of the private one, and the line for `allowed_signers`. */
export const sshKey = (folder: string, principal: string) => {
  const file = join(folder, `key-${principal}`)
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', file])
  const line = `${principal} namespaces="curfew-release,git" ${readFileSync(`${file}.pub`, 'utf8')}`
  return { file, line }
}

/** Makes a repository of the files in a folder, with one commit, in which tags are signed by a key of SSH. */
export const initialize = (folder: string, key: string, env: NodeJS.ProcessEnv) => {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: folder, env })
  git('init', '-q', '-b', 'main', '--template=')
  const settings = `[user]\n name = test\n email = test@example.com\n signingkey = ${key}\n[gpg]\n format = ssh\n`
  appendFileSync(join(folder, '.git/config'), settings)
  git('add', '.')
  git('commit', '-q', '-m', 'start')
}
