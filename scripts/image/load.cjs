const { createHash } = require('node:crypto')
const { readFileSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')
const { Script } = require('node:vm')

const DIGEST_BYTES = 32

/** The script of a command. That of `validate` alone is a quarter as large as that of all commands, and read as much faster. */
exports.fileOf = (command) => join(__dirname, 'cli', command === 'validate' ? 'validate.js' : 'curfew.js')
const codeOf = (file) => `${file}.code`

const digestOf = (script, code) => createHash('sha256').update(script).update(code).digest()

/**
 * The code that scripts/image/compile.ts kept. V8 compares only the length of the script, so that a script which was edited
 * would not count, and damaged code would run. The digest refuses both.
 */
const compiled = (file, script) => {
  try {
    const kept = readFileSync(codeOf(file))
    const code = kept.subarray(DIGEST_BYTES)
    return digestOf(script, code).equals(kept.subarray(0, DIGEST_BYTES)) ? code : undefined
  } catch {
    return undefined
  }
}

/** Without compiled code, or with that of another script or V8, the start is only slower. */
exports.load = (file) => {
  const script = readFileSync(file)
  return new Script(script.latin1Slice(), { filename: file, cachedData: compiled(file, script) })
}

exports.run = (file, script) => script.runInThisContext()(require, pathToFileURL(file).href)

exports.keep = (file, code) => writeFileSync(codeOf(file), Buffer.concat([digestOf(readFileSync(file), code), code]))
