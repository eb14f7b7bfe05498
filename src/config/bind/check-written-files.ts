import { dirname } from 'node:path'
import type { ConfigFiles } from '../config-files.ts'
import { isPolicyFileName, realPathOf } from '../config-paths.ts'
import type { Configuration } from '../configuration.ts'
import type { YamlFile } from '../yaml/yaml-file.ts'

/** The files beside the audit file that belong to the trail, by what follows its name: its lock, torn ends, and parts. */
const OF_THE_TRAIL = /^([.-]\d[\d-]*(\.(gz|zst|xz|bz2|lz4))?|\.lock(\..+)?|\.torn-\d+(\.\d+)?)$/

/** The files beside the state file that belong to the state: the next one before its rename, and one that was of no use. */
const OF_THE_STATE = /^\.(new|unreadable)$/

/** The parts of the history. */
const OF_THE_HISTORY = /^\.\d{8}T\d{9}Z(\.gz)?$/

/** A file that Curfew writes, with all links followed, and the names of its companions beside it. */
interface Written {
  readonly key: 'audit' | 'state' | 'history'
  readonly meaning: string
  readonly path: string
  readonly realPath: string
  readonly companions: RegExp
}

interface FilesCheck {
  readonly files: ConfigFiles
  /** The daemon's file. */
  readonly file: YamlFile
  readonly configuration: Pick<Configuration, 'audit' | 'state' | 'history' | 'server'>
  /** Every file and folder that the configuration reads. */
  readonly read: readonly string[]
}

/** Reports a path that Curfew writes if another of its files is there: it would write over that file. */
export const checkWrittenFiles = ({ files, file, configuration, read }: FilesCheck): void => {
  const real = (path: string) => realPathOf(files, path)
  const { audit, state, history, server } = configuration
  const written = (
    { file: path }: { readonly file: string },
    rest: Pick<Written, 'key' | 'meaning' | 'companions'>,
  ) => ({
    ...rest,
    path,
    realPath: real(path),
  })
  const all: readonly Written[] = [
    written(audit, { key: 'audit', meaning: 'the audit trail', companions: OF_THE_TRAIL }),
    written(state, { key: 'state', meaning: 'the state', companions: OF_THE_STATE }),
    ...(history ? [written(history, { key: 'history', meaning: 'the history', companions: OF_THE_HISTORY })] : []),
  ]
  const problem = ({ key }: Written, found: string) =>
    file.problem([key, 'file'], `${found}: give "${key}.file" a path of its own`)

  for (const [index, one] of all.entries()) {
    for (const later of all.slice(index + 1)) {
      if (!isOf(one, later.realPath) && !isOf(later, one.realPath)) continue
      const [blamed, other] = file.written([later.key, 'file']) === undefined ? [one, later] : [later, one]
      problem(blamed, `${blamed.path} belongs to ${other.meaning}, which is at ${other.path}`)
      return
    }
  }
  const sources = new Map([...read, ...serverFiles(server)].map((path) => [real(path), path]))
  for (const one of all) {
    const taken = [...sources].find(([realPath]) => isOf(one, realPath))
    if (taken !== undefined) {
      problem(one, `Curfew reads ${taken[1]}, and would write ${one.meaning} over it`)
    } else if (isPolicyFileName(one.path) && sources.has(dirname(one.realPath))) {
      problem(one, `${one.path} would be read as a file of policies`)
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
