/** What stands at a path. `realPath` is absolute, all links followed. */
export type Found =
  | { readonly kind: 'file' | 'folder' | 'other'; readonly realPath: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly why: string }

/** All that configuration needs of a disk. Nothing here throws. */
export interface ConfigFiles {
  look(path: string): Found
  read(path: string): { readonly bytes: Uint8Array } | { readonly why: string }
  /** The names in a folder, in no certain order. */
  list(folder: string): { readonly names: readonly string[] } | { readonly why: string }
}
