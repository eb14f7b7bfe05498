import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import hcl from '@cdktn/hcl2json'

export const FOLDER = 'deploy/terraform'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** A block as HCL has it. A text that begins with `${` is an expression. */
export type Body = Readonly<Record<string, Json>>

/** One module: all its files together, as Terraform reads them. */
export interface Module {
  readonly folder: string
  readonly files: readonly string[]
  readonly tree: Tree
}

type Blocks = Readonly<Record<string, readonly Body[]>>

export interface Tree {
  readonly resource: Readonly<Record<string, Blocks>>
  readonly data: Readonly<Record<string, Blocks>>
  readonly module: Blocks
  readonly variable: Blocks
  readonly output: Blocks
  readonly locals: readonly Body[]
  readonly terraform: readonly Body[]
}

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.tf'))
    .map((name) => join(folder, name))
    .toSorted()

const readModule = async (folder: string, files: readonly string[]): Promise<Module> => {
  const text = files.map((file) => readFileSync(file, 'utf8')).join('\n')
  const parsed = (await hcl.parse(`${basename(folder)}.tf`, text)) as Partial<Tree>
  const tree = { resource: {}, data: {}, module: {}, variable: {}, output: {}, locals: [], terraform: [], ...parsed }
  return { folder, files, tree }
}

/** The modules and examples under deploy/terraform. */
export const terraformModules = (): Promise<readonly Module[]> => {
  const files = filesIn(FOLDER)
  const folders = [...new Set(files.map((file) => dirname(file)))]
  return Promise.all(
    folders.map((folder) =>
      readModule(
        folder,
        files.filter((file) => dirname(file) === folder),
      ),
    ),
  )
}

/** The resources and data sources of a module. */
export const resourcesOf = (tree: Tree) =>
  (['resource', 'data'] as const).flatMap((kind) =>
    Object.entries(tree[kind]).flatMap(([type, named]) =>
      Object.entries(named).flatMap(([name, bodies]) =>
        bodies.map((body) => ({ data: kind === 'data', type, name, body })),
      ),
    ),
  )
