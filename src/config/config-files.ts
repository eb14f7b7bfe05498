/** What a path leads to. `realPath` is absolute, with all links followed. */
export type Found =
  | { readonly kind: 'file' | 'folder' | 'other'; readonly realPath: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly why: string }

/** Everything that configuration needs from a disk. No function here throws. */
export interface ConfigFiles {
  look(path: string): Found
  read(path: string): { readonly bytes: Uint8Array } | { readonly why: string }
  /** The names in a folder, in any order. */
  list(folder: string): { readonly names: readonly string[] } | { readonly why: string }
}
