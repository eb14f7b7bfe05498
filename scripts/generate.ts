import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { generatedFiles } from './generated-files.ts'
import { kustomizeFiles } from './kustomize-files.ts'

const write = (files: ReadonlyMap<string, string>) => {
  for (const [path, text] of files) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
}

// npm run generate: writes all files that are generated from the code, and then those that Helm renders from some of
// them. Tests fail if one is out of date.
write(generatedFiles())
write(await kustomizeFiles())
