/** Building graphs by hand: the builder, one function for each operator, types and shapes of what they yield. */
export { floatAttribute, intAttribute, intsAttribute, stringAttribute } from './attributes.js'
export { float, GraphBuilder, int, ints, type NodeOptions, string, type Value } from './builder.js'
export { added, broadcast, mapped, multiplied, normalAxis } from './dimension.js'
export * as ops from './ops/index.js'
export {
  type InferenceRule,
  type InferenceRules,
  inferOutputs,
  ruleKey,
  STANDARD_RULES,
  type TypedShape,
} from './shape-inference.js'
