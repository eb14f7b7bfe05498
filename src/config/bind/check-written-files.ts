import { dirname } from 'node:path'
import type { ConfigFiles } from '../config-files.ts'
import { isPolicyFileName, realPathOf } from '../config-paths.ts'
import type { Configuration } from '../configuration.ts'
import type { YamlFile } from '../yaml/yaml-file.ts'

/** The files beside the audit file that belong to the trail, by what follows its name: its lock, torn ends, and parts. */
const OF_THE_TRAIL = /^([.-]\d[\d-]*(\.(gz|zst|xz|bz2|lz4))?|\.lock(\..+)?|\.torn-\d+(\.\d+)?)$/

/** The files beside the state file that belong to the state: the next one before its rename, and one that was of no use. */
const OF_THE_STATE = /^\.(new|unreadable)$/

/** A file that Curfew writes, with all links followed, and the names of its companions beside it. */
interface Written {
  readonly key: 'audit' | 'state'
  readonly meaning: string
  readonly path: string
  readonly realPath: string
  readonly companions: RegExp
}

interface FilesCheck {
  readonly files: ConfigFiles
  /** The daemon's file. */
  readonly file: YamlFile
  readonly configuration: Pick<Configuration, 'audit' | 'state' | 'server'>
  /** Every file and folder that the configuration reads. */
  readonly read: readonly string[]
}

/** Reports a path that Curfew writes if another of its files is there: it would write over that file. */
export const checkWrittenFiles = ({ files, file, configuration, read }: FilesCheck): void => {
  const real = (path: string) => realPathOf(files, path)
  const { audit, state, server } = configuration
  const trail: Written = {
    key: 'audit',
    meaning: 'the audit trail',
    path: audit.file,
    realPath: real(audit.file),
    companions: OF_THE_TRAIL,
  }
  const kept: Written = {
    key: 'state',
    meaning: 'the state',
    path: state.file,
    realPath: real(state.file),
    companions: OF_THE_STATE,
  }
  const problem = ({ key }: Written, found: string) =>
    file.problem([key, 'file'], `${found}: give "${key}.file" a path of its own`)

  if (isOf(trail, kept.realPath) || isOf(kept, trail.realPath)) {
    const [blamed, other] = file.written(['state', 'file']) === undefined ? [trail, kept] : [kept, trail]
    problem(blamed, `${blamed.path} belongs to ${other.meaning}, which is at ${other.path}`)
    return
  }
  const sources = new Map([...read, ...serverFiles(server)].map((path) => [real(path), path]))
  for (const written of [trail, kept]) {
    const taken = [...sources].find(([realPath]) => isOf(written, realPath))
    if (taken !== undefined) {
      problem(written, `Curfew reads ${taken[1]}, and would write ${written.meaning} over it`)
    } else if (isPolicyFileName(written.path) && sources.has(dirname(written.realPath))) {
      problem(written, `${written.path} would be read as a file of policies`)
    }
  }
}

/** Whether a path is that of the file or of one of its companions. */
const isOf = ({ realPath, companions }: Written, path: string): boolean =>
  path === realPath || (path.startsWith(realPath) && companions.test(path.slice(realPath.length)))

/** The files of the server. The other files that are named have been looked at. */
const serverFiles = ({ tls, bearerTokenFile, links }: Configuration['server']): readonly string[] =>
  [
    tls?.certFile,
    tls?.keyFile,
    tls?.clientCaFile,
    bearerTokenFile,
    links !== undefined && 'file' in links.key ? links.key.file : undefined,
  ].filter((path) => path !== undefined)
