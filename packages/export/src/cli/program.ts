/** The command `mnist-export`: its options, with the handlers loaded only when they run. */
import type { Argv } from 'yargs'
import { PRECISIONS } from '../compress/precision.js'
import type { LossName } from '../gradient/loss.js'
import type { OptimizerName } from '../gradient/optimizer.js'
import type { Program } from './boundary.js'

const LOSS_NAMES = [
  'softmax-cross-entropy',
  'sigmoid-cross-entropy',
  'mean-squared-error',
] as const satisfies LossName[]
const OPTIMIZER_NAMES = ['sgd', 'momentum', 'adam'] as const satisfies readonly OptimizerName[]

export const program: Program = {
  name: 'mnist-export',
  version: '0.1.0',
  // `--no-pass NAME` is an option of its own, not the opposite of one, and may be given more than once.
  parserConfiguration: { 'boolean-negation': false, 'greedy-arrays': false },
  lists: ['no-pass', 'trainable', 'models'],
  define: (parser) =>
    parser
      .command(
        '$0 <source>',
        'Write a TensorFlow.js LayersModel as an ONNX file',
        (command) =>
          handlers(output(command))
            .positional('source', {
              type: 'string',
              demandOption: true,
              describe: 'A model.json, its folder, a run of mnist-train; or an .onnx file to compress',
            })
            .option('nchw', {
              type: 'boolean',
              default: false,
              describe: 'Inputs and outputs channels first (always so for a run)',
            })
            .option('name', { type: 'string', describe: 'Name of the graph instead of the model’s' })
            .option('no-pass', {
              type: 'string',
              array: true,
              default: [] as string[],
              describe: 'Leave a pass out; may be given more than once',
            })
            .option('precision', {
              choices: PRECISIONS,
              default: PRECISIONS[0],
              describe: 'Of the weights (int8: of activations too); all but fp32 past the accuracy gate',
            })
            .option('fp16-compute', {
              type: 'boolean',
              default: false,
              describe: 'With fp16: compute in half precision too, for GPUs',
            })
            .option('data', {
              type: 'string',
              default: 'auto',
              requiresArg: true,
              describe:
                'For the accuracy gate: auto, mnist, synthetic, a folder with IDX files; inputs.npy: the model’s own; none: no gate',
            })
            .option('labels', {
              type: 'string',
              requiresArg: true,
              describe: 'Classes of --data inputs.npy, as .npy (default: what the model in fp32 answers)',
            })
            .option('max-accuracy-drop', {
              type: 'number',
              default: 0.1,
              requiresArg: true,
              describe: 'Points of accuracy that a precision may cost',
            })
            .option('training', {
              type: 'boolean',
              default: false,
              describe: 'Also write the training-step graph: FILE with .train.onnx',
            })
            .option('check', {
              type: 'boolean',
              default: false,
              describe: 'Run it against TensorFlow.js on random input; names the first layer that differs',
            })
            .example('$0 model.json -o model.onnx', 'any LayersModel that TensorFlow.js saved or converted')
            .example('$0 runs/lenet5/20261124-093005 -o lenet5.onnx --training', 'a run, to use and to train on')
            .example('$0 model -o model.onnx --no-pass fold-batch-normalization', 'keep BatchNormalization')
            .example('$0 alexnet.onnx -o small.onnx --precision int4', 'a seventh of the bytes, if it reads as well')
            .example(
              '$0 model.json -o model.onnx --precision int8 --data inputs.npy',
              'any classifier, on its own inputs',
            ),
        async (argv) => {
          if (argv.source.toLowerCase().endsWith('.onnx')) {
            const { compressCommand } = await import('./compress-command.js')
            await compressCommand({ ...argv, without: argv.noPass })
            return
          }
          const { exportCommand } = await import('./export-command.js')
          await exportCommand({ ...argv, without: argv.noPass })
        },
      )
      .command(
        'show <model>',
        'Print a graph: nodes, shapes, parameters, FLOPs, bytes',
        (command) =>
          json(command)
            .positional('model', { type: 'string', demandOption: true, describe: 'An .onnx file, or a LayersModel' })
            .example('$0 show model.onnx', 'one line a node, then the totals'),
        async (argv) => {
          const { showCommand } = await import('./show-command.js')
          await showCommand(argv)
        },
      )
      .command(
        'diff <a> <b>',
        'Print what differs between two graphs; exit status 1 where something does',
        (command) =>
          json(command)
            .positional('a', { type: 'string', demandOption: true, describe: 'An .onnx file, or a LayersModel' })
            .positional('b', { type: 'string', demandOption: true, describe: 'Another' })
            .example('$0 diff before.onnx after.onnx', 'nodes and constants by name'),
        async (argv) => {
          const { diffCommand } = await import('./diff-command.js')
          await diffCommand(argv)
        },
      )
      .command(
        'training <model>',
        'Write the training-step graph of a model, for any ONNX Runtime',
        (command) =>
          handlers(output(command))
            .positional('model', {
              type: 'string',
              demandOption: true,
              describe: 'An .onnx file, a model.json, its folder, or a run',
            })
            .option('trainable', {
              type: 'string',
              array: true,
              default: [] as string[],
              describe: 'Train only these weights; * stands for anything; may be given more than once',
            })
            .option('loss', { choices: LOSS_NAMES, default: LOSS_NAMES[0], describe: 'What is made small' })
            .option('optimizer', { choices: OPTIMIZER_NAMES, default: OPTIMIZER_NAMES[0], describe: 'How' })
            .option('logits', {
              type: 'string',
              describe: 'The output that the loss is of (default: logits, or the only one)',
            })
            .example('$0 training model.onnx -o model.train.onnx', 'every weight, by plain SGD')
            .example("$0 training model.onnx -o head.train.onnx --trainable 'dense*'", 'the rest frozen, at no cost'),
        async (argv) => {
          const { trainingCommand } = await import('./training-command.js')
          await trainingCommand(argv)
        },
      )
      .command(
        'triton <folder> <models..>',
        'Write models as a Triton model repository',
        (command) =>
          json(command)
            .positional('folder', {
              type: 'string',
              demandOption: true,
              describe: 'The repository, made where it is not there',
            })
            .positional('models', { type: 'string', array: true, demandOption: true, describe: '.onnx files' })
            .example('$0 triton repository models/lenet5.onnx', 'for tritonserver --model-repository repository'),
        async (argv) => {
          const { tritonCommand } = await import('./triton-command.js')
          await tritonCommand(argv)
        },
      ),
}

function output<T>(command: Argv<T>) {
  return json(command).option('output', {
    alias: 'o',
    type: 'string',
    demandOption: true,
    requiresArg: true,
    describe: 'The file to write',
  })
}

function handlers<T>(command: Argv<T>) {
  return command.option('handlers', {
    type: 'string',
    requiresArg: true,
    describe: 'An ES module with handlers of your own layers',
  })
}

function json<T>(command: Argv<T>) {
  return command.option('json', { type: 'boolean', default: false, describe: 'Print the outcome as JSON' })
}
