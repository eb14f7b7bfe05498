import { packagePages } from '../packaged-pages.ts'

// Rewrites the pages in a folder for the Debian package: scripts/deb/pages.ts FOLDER

const [, , folder] = process.argv
if (folder === undefined) throw new Error('expected the folder of the pages')
packagePages(folder, 'deb')
