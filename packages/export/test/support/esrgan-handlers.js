// What UpscalerJS's ESRGAN models need: two layers of their own, as a user brings them.
const PIXEL_SHUFFLE = 4
const BETA = 0.2

export default ({ ops, channelsFirstFeature }) => ({
  /** β x, element by element: any layout will do. */
  MultiplyBeta: ({ g, input }) => {
    const { value, layout } = input()
    return { value: ops.mul(g, value, g.scalar(BETA)), layout }
  },
  PixelShuffle4x: ({ g, input, channelsFirst }) =>
    channelsFirstFeature(ops.depthToSpace(g, channelsFirst(input()), { blocksize: PIXEL_SHUFFLE })),
})

export function register(tf) {
  const only = (inputs) => (Array.isArray(inputs) ? inputs[0] : inputs)

  class MultiplyBeta extends tf.layers.Layer {
    static className = 'MultiplyBeta'

    call(inputs) {
      return tf.mul(only(inputs), BETA)
    }
  }

  class PixelShuffle4x extends tf.layers.Layer {
    static className = 'PixelShuffle4x'

    computeOutputShape([batch, height, width, channels]) {
      const sides = [height, width].map((side) => side && side * PIXEL_SHUFFLE)
      return [batch, ...sides, channels / PIXEL_SHUFFLE ** 2]
    }

    call(inputs) {
      return tf.depthToSpace(only(inputs), PIXEL_SHUFFLE, 'NHWC')
    }
  }

  for (const layer of [MultiplyBeta, PixelShuffle4x]) tf.serialization.registerClass(layer)
}
