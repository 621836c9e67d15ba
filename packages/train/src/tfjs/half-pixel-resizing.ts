/**
 * Our one layer that tfjs lacks: resizing, bilinear with half-pixel centres, as torchvision's Resize does when it enlarges. tfjs's own
 * Resizing layer aligns the corners.
 */
import type { Tensor } from '@tensorflow/tfjs-core'
import type { layers } from '@tensorflow/tfjs-layers'
import type { Tfjs } from './tfjs.js'

export interface ResizingConfig {
  readonly name: string
  /** Of the output, in pixels. */
  readonly height: number
  readonly width: number
}

type Layer = layers.Layer
type LayerClass = new (config: ResizingConfig) => Layer

const classes = new WeakMap<object, LayerClass>()

/** Makes the class known to tfjs, so that saved models with this layer load. */
export function registerHalfPixelResizing(tf: Tfjs): void {
  if (classes.has(tf.layers)) return
  const made = defineLayer(tf)
  classes.set(tf.layers, made)
  tf.core.serialization.registerClass(made as never)
}

/** The layer `x: [N, H, W, C] → [N, height, width, C]`. */
export function halfPixelResizing(tf: Tfjs, config: ResizingConfig): Layer {
  const made = classes.get(tf.layers)
  if (made === undefined) throw new Error('internal: HalfPixelResizing is used before it is registered')
  return new made(config)
}

/** The base class is a value of the loaded tfjs, so the class can only be made once that is there. */
function defineLayer(tf: Tfjs): LayerClass {
  return class HalfPixelResizing extends tf.layers.layers.Layer {
    /** The name in saved models. */
    static readonly className = 'HalfPixelResizing'
    readonly #size: [number, number]

    constructor(config: ResizingConfig) {
      super({ ...config })
      this.#size = [config.height, config.width]
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      const [x] = Array.isArray(inputs) ? inputs : [inputs]
      // alignCorners false, halfPixelCenters true
      return tf.core.tidy(() => tf.core.image.resizeBilinear(x as never, this.#size, false, true))
    }

    override computeOutputShape(inputShape: (number | null)[]): (number | null)[] {
      const [batch = null, , , channels = null] = inputShape
      return [batch, ...this.#size, channels]
    }

    override getConfig() {
      const [height, width] = this.#size
      return { ...super.getConfig(), height, width }
    }
  } as unknown as LayerClass
}
