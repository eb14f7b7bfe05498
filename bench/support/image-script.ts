import { execFileSync } from 'node:child_process'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createFolder } from './folder.ts'

/** The script of the image with the code that this Node compiled of it, as the Dockerfile makes them. */
export const imageScript = (): { readonly file: string } & Disposable => {
  const folder = createFolder()
  const into = (file: string) => join(folder.path, file)
  const build = (...args: string[]) => execFileSync(process.execPath, ['--import', 'tsx', ...args], { stdio: 'ignore' })
  build('scripts/build.ts', '--without-simulator', '--joined', '--into', folder.path)
  for (const file of ['load.js', 'start.js']) copyFileSync(join('scripts/image', file), into(file))
  writeFileSync(into('package.json'), '{ "type": "module" }')
  build('scripts/image/compile.ts', folder.path)
  return { file: into('start.js'), [Symbol.dispose]: () => folder[Symbol.dispose]() }
}
