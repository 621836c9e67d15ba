/**
 * The arguments of by far the most calls, pictures and perhaps `--model` and `--json`, without yargs: it takes a quarter of the time that
 * reading a picture takes. Whatever is not certain to mean the same to yargs is left to it.
 */

import type { ClassifyArguments } from './classify-command.js'
import { asksForReport, CLASSIFY_DEFAULTS } from './classify-options.js'

/** Words that yargs takes for a command, wherever they stand. */
export const COMMANDS = ['verify', 'setup', 'doctor', 'info', 'serve'] as const

/** @returns undefined where yargs must tell, also what is wrong. */
export function plainArguments(argv: readonly string[]): ClassifyArguments | undefined {
  const pictures: string[] = []
  let [model, json]: [string | undefined, boolean] = [undefined, false]
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] as string
    if (argument === '--json' && !json) json = true
    else if ((argument === '--model' || argument === '-m') && model === undefined) {
      model = argv[++index]
      if (model === undefined || !isPlain(model)) return undefined
    } else if (isPlain(argument)) pictures.push(argument)
    else return undefined
  }
  const isCommand = pictures.some((picture) => COMMANDS.some((command) => command === picture))
  if (pictures.length === 0 || isCommand) return undefined
  const report = {
    format: undefined,
    list: undefined,
    output: undefined,
    resume: false,
    batchSize: undefined,
    shard: undefined,
  }
  if (asksForReport({ pictures, ...report })) return undefined
  return {
    ...CLASSIFY_DEFAULTS,
    explain: undefined,
    verbose: false,
    pictures,
    json,
    model: model ?? CLASSIFY_DEFAULTS.model,
  }
}

/** Neither an option nor quoted once more, which yargs would undo. */
function isPlain(argument: string): boolean {
  return argument !== '' && !/^[-'"\0]/.test(argument)
}
