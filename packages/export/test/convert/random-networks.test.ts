import fc from 'fast-check'
import { test } from 'vitest'
import { accepted } from '../support/cases.js'
import { expectSame } from '../support/compare.js'
import { type NetworkPlan, networkOf } from '../support/random-network.js'
import { tf } from '../support/tfjs.js'

const plans: fc.Arbitrary<NetworkPlan> = fc.record({
  seed: fc.integer(),
  rank: fc.constantFrom(1, 2, 3, 3, 3),
  picks: fc.array(fc.nat({ max: 200 }), { minLength: 2, maxLength: 8 }),
})

/** Eight layers may each add an error of float32, and ONNX Runtime's recurrent kernels approximate their functions (recurrent.test.ts). */
const tolerance = 5e-5

/** An activation that takes nearly equal numbers from one another (gelu of -3.5: 1 + erf) leaves float32's error of what they were. */
const least = 0.01

test('A thousand networks of 2 to 8 layers give what they give in tfjs, before the passes and after', async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const model = networkOf(plan)
      await expectSame(model, { seed: plan.seed, nchw: plan.seed % 2 === 0, tolerance, least })
      model.dispose()
    }),
    { numRuns: 1000, endOnFailure: false },
  )
  // Models and tensors of earlier runs are gone.
  tf.disposeVariables()
})

accepted()
