/** The weights of the graph under construction: each tfjs weight becomes one initializer, however often its layer is called. */

import { UserError } from '../errors.js'
import type { GraphBuilder, Value } from '../graph/builder.js'
import { deferredFloatTensor } from '../onnx/deferred-tensor.js'
import type { WeightStore } from './artifacts.js'
import type { WeightRequest } from './layer-call.js'
import type { LayerConfig } from './layer-config.js'
import { checkLayout, sameLayout, type WeightBinding, writeOnnx } from './weight-binding.js'

export class WeightLoader {
  readonly bindings: WeightBinding[] = []
  readonly warnings: string[] = []
  readonly #g: GraphBuilder
  readonly #store: WeightStore
  readonly #loaded = new Map<string, Value>()
  readonly #taken: Set<string>

  /** `taken` are the names of the graph's inputs. */
  constructor(g: GraphBuilder, store: WeightStore, taken: ReadonlySet<string>) {
    this.#g = g
    this.#store = store
    this.#taken = new Set(taken)
  }

  shapeOf(config: LayerConfig, name: string, wrappers: readonly string[]): readonly number[] | undefined {
    const tfjsName = this.#find(config, name, wrappers)
    return tfjsName === undefined ? undefined : this.#store.shapeOf(tfjsName)
  }

  load(
    config: LayerConfig,
    name: string,
    { as, shape, layout = sameLayout(shape), wrappers = [] }: WeightRequest & { wrappers?: readonly string[] },
  ): Value {
    const tfjsName = this.#find(config, name, wrappers)
    if (tfjsName === undefined) {
      const found = this.#store.names.filter((known) => known.startsWith(`${config.name}/`)).join(', ') || 'none'
      throw new UserError('INPUT', `${config.where}: expected its weight ${config.name}/${name}, found ${found}`)
    }
    const identity = JSON.stringify([tfjsName, layout])
    const known = this.#loaded.get(identity)
    if (known !== undefined) return known
    checkLayout(layout)
    // A layer under a wrapper goes by the wrapper's name where its weights do.
    const owner = wrappers.findLast((wrapper) => tfjsName.startsWith(`${wrapper}/`)) ?? config.name
    const initializer = this.#unique(`${owner}.${as}`)
    const binding: WeightBinding = { initializer, layer: owner, weight: tfjsName, layout }
    const weight = this.#store.read(tfjsName)
    if (weight.shape.length !== shape.length || weight.shape.some((dim, axis) => dim !== shape[axis])) {
      const found = `[${weight.shape.join(', ')}]`
      throw new UserError('INPUT', `${config.where}: ${tfjsName}, expected shape [${shape.join(', ')}], found ${found}`)
    }
    if (!areFinite(weight.values)) this.warnings.push(`${tfjsName} holds values that are not finite`)
    const store = this.#store
    const value = this.#g.initializer(
      // Read again when it is written: what is decoded here is let go.
      deferredFloatTensor(initializer, layout.shape, (target) => {
        writeOnnx(binding, store.read(tfjsName).values, target)
      }),
    )
    this.#loaded.set(identity, value)
    this.bindings.push(binding)
    return value
  }

  /** Saved under the innermost wrapper's name, under both, or under the layer's own. */
  #find({ name: layer }: LayerConfig, weight: string, wrappers: readonly string[]): string | undefined {
    const owners = [...wrappers.toReversed().flatMap((wrapper) => [wrapper, `${wrapper}/${layer}`]), layer]
    for (const owner of owners) {
      const found = this.#store.find(owner, weight)
      if (found !== undefined) return found
    }
    return undefined
  }

  #unique(base: string): string {
    let name = base
    for (let suffix = 2; this.#taken.has(name); suffix++) name = `${base}_${suffix}`
    this.#taken.add(name)
    return name
  }
}

/** A loop, since a callback for each of 47 million weights takes a third of a second. */
function areFinite(values: Float32Array): boolean {
  for (let index = 0; index < values.length; index++) if (!Number.isFinite(values[index])) return false
  return true
}
