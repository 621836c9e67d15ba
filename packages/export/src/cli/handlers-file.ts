/**
 * `--handlers FILE`: an ES module that brings the user's own layers. Its default export is given what a handler is written with, for
 * the module need not find this package, and returns handlers by class name; for `--check`, its export `register(tf)` registers the
 * layers' classes with tfjs.
 */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { channelsFirstFeature, plainFeature } from '../convert/feature.js'
import type { LayerHandler } from '../convert/layer-call.js'
import { UserError } from '../errors.js'
import { ops } from '../graph/index.js'

export interface HandlersFile {
  readonly handlers: Readonly<Record<string, LayerHandler>>
  /** Called with all that tfjs-core and tfjs-layers export. */
  readonly register?: (tf: object) => void
}

/** Nothing of its own where there is no `path`. @throws UserError INPUT where the file is not such a module. */
export async function readHandlers(path: string | undefined): Promise<HandlersFile> {
  if (path === undefined) return { handlers: {} }
  const { default: define, register } = await imported(path)
  if (typeof define !== 'function') {
    throw invalid(path, 'a function as its default export: export default ({ ops }) => ({ … })', typeof define)
  }
  if (register !== undefined && typeof register !== 'function') throw invalid(path, 'register(tf)', typeof register)
  const handlers = defined(path, define as (kit: object) => unknown)
  if (!isHandlers(handlers))
    throw invalid(path, 'its default export to return functions by class name', String(handlers))
  return { handlers, ...(register === undefined ? {} : { register: register as (tf: object) => void }) }
}

function defined(path: string, define: (kit: object) => unknown): unknown {
  try {
    return define({ ops, plainFeature, channelsFirstFeature })
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause)
    throw new UserError(
      'INPUT',
      `--handlers ${path}: expected its default export to return handlers, found: ${found}`,
      {
        cause,
      },
    )
  }
}

async function imported(path: string): Promise<Record<string, unknown>> {
  try {
    return await import(pathToFileURL(resolve(path)).href)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new UserError('INPUT', `--handlers ${path}: expected a module that can be imported, found: ${reason}`, {
      cause,
    })
  }
}

function isHandlers(value: unknown): value is Record<string, LayerHandler> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((handler) => typeof handler === 'function')
  )
}

function invalid(path: string, expected: string, found: string): UserError {
  return new UserError('INPUT', `--handlers ${path}: expected ${expected}, found ${found}`)
}
