/** The layer of mnist-train that tfjs lacks, so that `--check` can run its models: bilinear resizing with half-pixel centres. */
import type { TfCore, TfLayers, TfTensor } from './runtimes.js'

const registered = new WeakSet<object>()

export function registerHalfPixelResizing(core: TfCore, layers: TfLayers): void {
  if (registered.has(layers)) return
  registered.add(layers)
  core.serialization.registerClass(
    class HalfPixelResizing extends layers.layers.Layer {
      static readonly className = 'HalfPixelResizing'
      readonly #config: { readonly height: number; readonly width: number }

      constructor(config: { height: number; width: number }) {
        super(config)
        this.#config = { height: config.height, width: config.width }
      }

      /** x [N, H, W, C] → [N, height, width, C] */
      call(inputs: TfTensor | readonly TfTensor[]): TfTensor {
        const [x] = Array.isArray(inputs) ? inputs : [inputs]
        const { height, width } = this.#config
        return core.image.resizeBilinear(x as TfTensor, [height, width], false, true)
      }

      computeOutputShape([batch, , , channels]: readonly (number | null)[]): (number | null | undefined)[] {
        return [batch, this.#config.height, this.#config.width, channels]
      }

      getConfig(): object {
        const inherited = (layers.layers.Layer.prototype as { getConfig(): object }).getConfig.call(this)
        return { ...inherited, ...this.#config }
      }
    },
  )
}
