import { readFileSync } from 'node:fs'

/** Whether this Node is that of the image, 24. Node 20 refuses compiled code under an option of the image. */
export const isNodeOfImage = (): boolean => imageStart().options.includes('--disable-sigusr1')

/** How the image starts Node: the options in its ENTRYPOINT that this Node knows, and its ENV. */
export const imageStart = () => {
  const dockerfile = readFileSync('Dockerfile', 'utf8')
  const [, options = ''] = /^ENTRYPOINT \["\/nodejs\/bin\/node", (.*), "[^"]*"\]$/m.exec(dockerfile) ?? []
  const all = JSON.parse(`[${options}]`) as readonly string[]
  return {
    options: all.filter((option) => option !== '--disable-sigusr1' || process.allowedNodeEnvironmentFlags.has(option)),
    environment: Object.fromEntries(
      [...dockerfile.matchAll(/^ENV (\w+)=(.*)$/gm)].map(([, name = '', value]) => [name, value]),
    ),
  }
}
