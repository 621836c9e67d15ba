/** The weights of the graph under construction: each tfjs weight becomes one initializer, however often its layer is called. */

import { UserError } from '../errors.js'
import type { GraphBuilder, Value } from '../graph/builder.js'
import { floatTensor } from '../onnx/tensor.js'
import type { WeightStore } from './artifacts.js'
import type { WeightRequest } from './layer-call.js'
import type { LayerConfig } from './layer-config.js'
import { checkLayout, sameLayout, toOnnx, type WeightBinding } from './weight-binding.js'

export class WeightLoader {
  readonly bindings: WeightBinding[] = []
  readonly warnings: string[] = []
  readonly #g: GraphBuilder
  readonly #store: WeightStore
  readonly #loaded = new Map<string, Value>()

  constructor(g: GraphBuilder, store: WeightStore) {
    this.#g = g
    this.#store = store
  }

  has(config: LayerConfig, name: string): boolean {
    return this.#store.find(config.name, name) !== undefined
  }

  load(config: LayerConfig, name: string, { as, shape, layout = sameLayout(shape) }: WeightRequest): Value {
    const tfjsName = this.#store.find(config.name, name)
    if (tfjsName === undefined) {
      const found = this.#store.names.filter((known) => known.startsWith(`${config.name}/`)).join(', ') || 'none'
      throw new UserError('INPUT', `${config.where}: expected its weight ${config.name}/${name}, found ${found}`)
    }
    const initializer = `${config.name}.${as}`
    const binding: WeightBinding = { initializer, layer: config.name, weight: tfjsName, layout }
    const identity = JSON.stringify(binding)
    const known = this.#loaded.get(identity)
    if (known !== undefined) return known
    checkLayout(layout)
    const weight = this.#store.read(tfjsName)
    if (weight.shape.length !== shape.length || weight.shape.some((dim, axis) => dim !== shape[axis])) {
      const found = `[${weight.shape.join(', ')}]`
      throw new UserError('INPUT', `${config.where}: ${tfjsName}, expected shape [${shape.join(', ')}], found ${found}`)
    }
    if (!weight.values.every(Number.isFinite)) this.warnings.push(`${tfjsName} holds values that are not finite`)
    const value = this.#g.initializer(floatTensor(initializer, layout.shape, toOnnx(binding, weight.values)))
    this.#loaded.set(identity, value)
    this.bindings.push(binding)
    return value
  }
}
