/** What a bulk run reads: a picture by its path, by its bytes, as pixels, or the reason why it cannot be had. */
import type { UserError } from 'mnist-export/errors'
import type { GreyPicture } from '../image/picture.js'

export type Entry =
  | { readonly name: string; readonly path: string }
  | { readonly name: string; readonly bytes: Uint8Array }
  | { readonly name: string; readonly grey: GreyPicture }
  | { readonly name: string; readonly error: string }

/** An entry that is answered with an error. */
export function unreadable(name: string, error: UserError): Entry {
  return { name, error: error.message }
}

/** Bytes that an entry holds in memory while it waits. */
export function heldBytes(entry: Entry): number {
  if ('bytes' in entry) return entry.bytes.length
  return 'grey' in entry ? entry.grey.pixels.length : 0
}
