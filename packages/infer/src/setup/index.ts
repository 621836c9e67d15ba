/** What the set-ups of native libraries have in common: tools, wheels, folders that are there whole or not at all. */
export { cacheFolder } from '../mnist/cache-folder.js'
export { preloadLibraries } from '../runtime/libraries.js'
export { interruptible } from './interrupt.js'
export { findPython, type Python, pythonWithPip } from './python.js'
export { removeCuda, type SetupCudaOptions, setupCuda } from './setup-cuda.js'
export { damage, readSeal, removeLeftovers, type Seal, sealFolder, stageFolder } from './staging.js'
export { hasTool, interrupted, lastWords, runTool, type ToolOptions, type ToolResult } from './tool.js'
export { areForThisMachine, downloadCommand, type UnpackOptions, unpackWheels, type Wheel } from './wheels.js'
