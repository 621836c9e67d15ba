/**
 * Text from elsewhere (names of files, metadata) as a terminal may show it: without control characters, which could move its cursor or
 * forge its lines.
 */
export function printable(text: string): string {
  return text.replace(/\p{Cc}|\p{Zl}|\p{Zp}/gu, '\ufffd')
}
