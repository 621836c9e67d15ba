import type { LayersModelArtifacts } from '../../src/convert/artifacts.js'
import { accepted, type Case, cases } from '../support/cases.js'
import { L, type Tensor, tf } from '../support/tfjs.js'

/** The model with that shape of its input. */
function withInputShape(shape: readonly (number | null)[]) {
  return (artifacts: LayersModelArtifacts): LayersModelArtifacts => {
    const text = JSON.stringify(artifacts.modelTopology)
    const edited = text.replace(/"batch_input_shape":\[[^\]]*\]/, `"batch_input_shape":${JSON.stringify(shape)}`)
    return { ...artifacts, modelTopology: JSON.parse(edited) as object }
  }
}

const RESIZE = { bilinear: tf.image.resizeBilinear, nearest: tf.image.resizeNearestNeighbor }

/** Our own layer, as the networks define it: bilinear with half-pixel centres. */
class HalfPixelResizing extends L.Layer {
  static readonly className = 'HalfPixelResizing'
  readonly #size: [number, number]

  constructor(config: { height: number; width: number }) {
    super({})
    this.#size = [config.height, config.width]
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const [x] = Array.isArray(inputs) ? inputs : [inputs]
    return tf.image.resizeBilinear(x as never, this.#size, false, true)
  }

  override computeOutputShape(shape: (number | null)[]): (number | null)[] {
    return [shape[0] ?? null, ...this.#size, shape[3] ?? null]
  }

  override getConfig() {
    return { ...super.getConfig(), height: this.#size[0], width: this.#size[1] }
  }
}
tf.serialization.registerClass(HalfPixelResizing as never)

const resizings = [
  [7, 9],
  [3, 2],
  [1, 5],
  [6, 10],
  [11, 4],
  [20, 13],
].flatMap(([height = 1, width = 1]): Case[] =>
  (['bilinear', 'nearest'] as const).flatMap((interpolation) =>
    [false, true].map(
      (cropToAspectRatio): Case => [
        `Resizing to ${height} × ${width}, ${interpolation}, crop ${cropToAspectRatio}`,
        [6, 5, 2],
        () => L.resizing({ height, width, interpolation, cropToAspectRatio }),
        // Within a model, Resizing.call of tfjs 4.22 takes its list of inputs for a tensor, and throws: what it would call, then.
        { reference: ([x]) => RESIZE[interpolation](x as never, [height, width], !cropToAspectRatio) },
      ],
    ),
  ),
)
cases('A layer of preprocessing computes what tfjs does', [
  ...resizings,
  ...[
    [12, 10],
    [9, 7],
    [5, 5],
    [3, 2],
  ].map(
    ([height = 1, width = 1]): Case => [
      `HalfPixelResizing to ${height} × ${width}`,
      [6, 5, 2],
      () => new HalfPixelResizing({ height, width }),
    ],
  ),
  [
    'HalfPixelResizing of a dynamic size',
    [null, null, 2],
    () => new HalfPixelResizing({ height: 7, width: 8 }),
    { sizes: [4, 5] },
  ],
  ['Rescaling', [3, 4, 2], () => L.rescaling({ scale: 1 / 255, offset: -0.5 })],
  ['Rescaling without offset', [3], () => L.rescaling({ scale: 2 })],
  ...[
    [4, 3],
    [6, 5],
    [1, 1],
    [5, 4],
    [2, 5],
    [9, 8],
    [3, 8],
  ].map(
    ([height = 1, width = 1]): Case => [
      `CenterCrop to ${height} × ${width}`,
      [6, 5, 2],
      () => L.centerCrop({ height, width }),
    ],
  ),
  ...(['multiHot', 'count'] as const).map(
    (outputMode): Case => [
      `CategoryEncoding ${outputMode}`,
      [4],
      () => L.categoryEncoding({ numTokens: 5, outputMode }),
      { draw: (random) => Math.floor(random() * 5) },
    ],
  ),
  [
    'CategoryEncoding oneHot',
    [1],
    () => L.categoryEncoding({ numTokens: 5, outputMode: 'oneHot' }),
    // CategoryEncoding.computeOutputShape of tfjs 4.22 writes its result into the shape of its input, which is then saved.
    {
      draw: (random) => Math.floor(random() * 5),
      edit: withInputShape([null, 1]),
      shapes: [[2, 1]],
      reference: ([x]) => tf.cast(tf.oneHot(tf.reshape(tf.cast(x as Tensor, 'int32'), [-1]), 5), 'float32'),
    },
  ],
])

accepted()
