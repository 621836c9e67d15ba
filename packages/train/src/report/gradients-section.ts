/** What writing the gradients by hand has taught, beside a full framework. */
export const GRADIENTS_SECTION = `## What our own gradients teach beside a full framework

A framework records what a program does and walks back over the record. Here the record is the ONNX graph itself, and the walk back writes
another graph: a table from operator to rule, some ten lines a rule, and one reverse walk that adds up what reaches a
value from several sides. The whole step, update included, is then one file that any ONNX Runtime runs, in Node, in Python or in a page.

- **Most of a gradient is the forward pass again.** A convolution's gradient with respect to its input is a convolution with the kernel turned
  round, the one with respect to its kernel a convolution of the input with the gradient. The rules are short; what takes work is geometry:
  strides, odd sizes, padding on one side.
- **A rule is proved by finite differences, a network is not.** Each rule agrees with the difference quotient. Whole networks agree with
  PyTorch in float64 to between 1e-6 and 2e-5, until one number close to 0 before a ReLU, or two close to each other before a max pool, fall otherwise by
  rounding. Then gradients of early layers can be off by 1e-3 and more, ours and PyTorch's own float32 alike. Told which ReLUs and which winners the
  other run had, float64 agrees again, to 5e-6 in AlexNet and 2e-5 in ResNet-18: it is that, and no more.
- **Ties are a convention.** Where pixels of a window are equal, and in a digit's flat background they are by the thousand, the framework
  takes the first. Another order of additions breaks such ties otherwise; the weights' gradients hardly notice, since equal windows see equal pictures.
- **State has to be said aloud.** Dropout's masks come from a hash of step, layer and place, not from a generator that hides in the session:
  so a run that was cut goes on bit for bit, and a batch taken by parts drops what the whole would. Running statistics
  go in and come out like parameters. Frameworks differ in them: PyTorch keeps the unbiased variance, ONNX and tfjs the biased one.
- **What has no gradient need not be computed.** A bias below a batch normalization is subtracted again with the mean: its gradient is 0, which
  PyTorch finds by adding up rounding errors. A graph can be asked beforehand.
- **Speed is a second graph.** The portable step is the reference. The one that trains has its batch innermost, convolutions by Toom-Cook, and
  fused normalization; each rewrite is held to the portable numbers. A framework does the same behind its operators; here it can be read.

What a framework has beyond this: second derivatives, control flow, shapes that change from step to step, mixed precision, several machines.
None of them is needed to train these seven networks.`
