import { execFileSync } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { createFolder } from './folder.ts'

/** The scripts of the image with the code that this Node compiled of them, as the Dockerfile makes both. */
export const imageScript = (): { readonly file: string } & Disposable => {
  const folder = createFolder()
  const into = (file: string) => join(folder.path, file)
  const build = (...args: string[]) => execFileSync(process.execPath, ['--import', 'tsx', ...args], { stdio: 'ignore' })
  build('scripts/build.ts', '--without-simulator', '--joined', '--into', folder.path)
  for (const file of ['load.cjs', 'start.cjs']) copyFileSync(join('scripts/image', file), into(file))
  build('scripts/image/compile.ts', folder.path)
  return { file: into('start.cjs'), [Symbol.dispose]: () => folder[Symbol.dispose]() }
}
