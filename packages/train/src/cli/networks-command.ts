/** `mnist-train networks`: the networks, their parameters and recipes. */
import { NETWORKS } from '../networks/index.js'
import { NETWORK_NAMES } from '../networks/names.js'
import { RECIPES } from '../recipes.js'

export interface NetworksArguments {
  readonly json: boolean
}

export function networksCommand({ json }: NetworksArguments): void {
  const networks = NETWORK_NAMES.map((name) => {
    const { parameters, summary } = NETWORKS[name]
    return { name, parameters, summary, recipes: RECIPES[name] }
  })
  if (json) {
    process.stdout.write(`${JSON.stringify(networks)}\n`)
    return
  }
  const rows = networks.flatMap(({ name, parameters, summary, recipes }) =>
    Object.entries(recipes).map(([recipe, { batchSize, learningRate, epochs }], index) => {
      const about = index === 0 ? [name, parameters.toLocaleString('en-US')] : ['', '']
      return [...about, recipe, String(batchSize), String(learningRate), String(epochs), index === 0 ? summary : '']
    }),
  )
  process.stdout.write(table([HEADINGS, ...rows]))
}

const HEADINGS = ['network', 'parameters', 'recipe', 'batch', 'lr', 'epochs', 'what it is']

/** Columns of numbers are flush right. */
const NUMERIC = new Set([1, 3, 4, 5])

function table(rows: readonly (readonly string[])[]): string {
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        NUMERIC.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd()
  return rows.map((row) => `${line(row)}\n`).join('')
}
