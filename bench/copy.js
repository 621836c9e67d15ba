// Reads files whole and writes their bytes as one: what every exporter of these bytes has to do at least.
import { readFile, writeFile } from 'node:fs/promises'

const [target, ...sources] = process.argv.slice(2)
await writeFile(target, Buffer.concat(await Promise.all(sources.map((source) => readFile(source)))))
