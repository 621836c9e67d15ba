/** What reads files: apart from the rest of this package, which is free of Node's built-ins. */
export { type LayersModelFile, readLayersModel } from './read-layers-model.js'
export { readRunFacts } from './read-run.js'
