/** The argument `-`, which yargs (18.2) drops from among the positional ones: it travels under another name. */

/** No file can have this name. */
export const STANDARD_INPUT = '\u0000standard input'

/** Puts the name in the place of each `-`. */
export function nameStandardInput(argv: readonly string[]): string[] {
  return argv.map((argument) => (argument === '-' ? STANDARD_INPUT : argument))
}

/** All of standard input. */
export async function readStandardInput(): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}
