/** The command `mnist-train`: its options, with the handlers loaded only when they run. */
import { PRECISIONS } from 'mnist-export'
import type { Program } from 'mnist-export/cli'
import { ENGINE_NAMES } from '../engine/names.js'
import { NETWORK_GROUPS, NETWORK_NAMES } from '../networks/names.js'

export const program: Program = {
  name: 'mnist-train',
  version: '0.1.0',
  lists: ['networks'],
  define: (parser) =>
    parser
      .command(
        '$0 [networks..]',
        'Train networks on MNIST',
        (command) =>
          command
            .positional('networks', {
              type: 'string',
              array: true,
              default: ['lenet5'],
              describe: `${NETWORK_NAMES.join(', ')}; or ${Object.keys(NETWORK_GROUPS).join(', ')}`,
            })
            .option('recipe', {
              type: 'string',
              default: 'default',
              describe: 'Recipe of the network (lenet5 has quick; lenet5-03 has robust, for pictures that people have)',
            })
            .option('epochs', { type: 'number', describe: 'Epochs instead of the recipe’s' })
            .option('batch-size', { type: 'number', describe: 'Pictures a step instead of the recipe’s' })
            .option('micro-batch', {
              type: 'number',
              describe:
                'Where memory is short: pictures whose gradients are computed at a time. The result is that of the whole batch, save for ' +
                'resnet18, whose batch normalization then sees no more (engine onnx)',
            })
            .option('lr', { type: 'number', describe: 'Learning rate instead of the recipe’s' })
            .option('seed', { type: 'number', default: 0, describe: 'Repeats a run: weights and order of pictures' })
            .option('engine', { choices: ENGINE_NAMES, default: 'auto' as const, describe: 'What computes the steps' })
            .option('data', {
              type: 'string',
              default: 'auto',
              describe: 'auto, mnist, synthetic, or a folder with the IDX files',
            })
            .option('limit', { type: 'number', describe: 'Use at most so many training pictures' })
            .option('threads', { type: 'number', describe: 'CPU threads (default: all cores)' })
            .option('out', { type: 'string', default: 'runs', describe: 'Folder for the runs' })
            .option('resume', {
              type: 'string',
              describe: 'Go on with a run: its folder, or nothing for the newest unfinished one',
            })
            .option('force', {
              type: 'boolean',
              default: false,
              describe: 'Train anew where a run of the same settings is finished, or was cut',
            })
            .option('stop-on-collapse', { type: 'boolean', default: false, describe: 'End a run that has collapsed' })
            .option('checkpoint-minutes', {
              type: 'number',
              default: 5,
              describe: 'Minutes between checkpoints within an epoch',
            })
            .option('json', {
              type: 'boolean',
              default: false,
              describe: 'Print the outcome as JSON, the progress to standard error',
            })
            .example('$0', 'train lenet5 by its recipe')
            .example('$0 lenet5 --recipe quick --data synthetic', 'ten epochs on generated digits')
            .example('$0 lenets --seed 1', 'the five LeNets, one after the other')
            .example('$0 all', 'all seven: skips what is up to date, goes on with what was cut')
            .example('$0 alexnet --micro-batch 32', 'a batch in four parts, whose maps take a quarter of the memory')
            .example('$0 lenet5-03 --recipe robust', 'for photographs and drawings: distorted digits, and what is none')
            .example('$0 --resume', 'go on with the newest unfinished run'),
        async (argv) => {
          const { trainCommand } = await import('./train-command.js')
          await trainCommand(argv)
        },
      )
      .command(
        'release [networks..]',
        'Write models/<network>.onnx (or <network>-<recipe>.onnx) and its card from the newest finished run',
        (command) =>
          command
            .positional('networks', {
              type: 'string',
              array: true,
              default: ['all'],
              describe: 'Networks; those without a run are named and left',
            })
            .option('recipe', { type: 'string', default: 'default', describe: 'Recipe of the runs' })
            .option('runs', { type: 'string', default: 'runs', describe: 'Folder of the runs' })
            .option('run', { type: 'string', describe: 'One run’s folder instead: as it stands, finished or not' })
            .option('out', { type: 'string', default: 'models', describe: 'Folder for the models' })
            .option('data', {
              type: 'string',
              default: 'auto',
              describe: 'Test pictures that the model is verified with',
            })
            .option('precision', {
              choices: PRECISIONS,
              describe: 'Of the weights; by default what keeps each network small enough to ship',
            })
            .example('$0 release lenet5', 'models/lenet5.onnx and models/lenet5.md')
            .example('$0 release lenet5-03 --recipe robust', 'models/lenet5-03-robust.onnx and its card')
            .example('$0 release alexnet --precision fp32 --out full', 'every weight as it was trained'),
        async (argv) => {
          const { releaseCommand } = await import('./release-command.js')
          await releaseCommand(argv)
        },
      )
      .command(
        'setup <what>',
        'Bring the native part of an engine into your cache: TensorFlow for tfjs-gpu and tfjs-node, or WebGPU',
        (command) =>
          command
            .positional('what', { choices: ['tensorflow', 'webgpu'] as const, demandOption: true })
            .option('cuda', { type: 'boolean', default: false, describe: 'TensorFlow for CUDA 12, even without a GPU' })
            .option('cpu', { type: 'boolean', default: false, describe: 'TensorFlow for the CPU, even with a GPU' })
            .option('wheel', { type: 'string', describe: 'Folder with the wheels and npm packages; fetches nothing' })
            .option('python', {
              type: 'string',
              describe: 'Path of a Python: its TensorFlow, where it has the right one, else its pip',
            })
            .option('remove', { type: 'boolean', default: false, describe: 'Take it out of the cache' })
            .example('$0 setup tensorflow', 'TensorFlow for the GPU that is here, else for the CPU')
            .example('$0 setup tensorflow --wheel ./wheels', 'without a network')
            .example('$0 setup webgpu', 'Dawn and tfjs’s WebGPU backend'),
        async (argv) => {
          const { setupCommand } = await import('./setup-command.js')
          await setupCommand(argv)
        },
      )
      .command(
        'doctor',
        'Say which engines can be had here, how fast they are, and what mends the others',
        (command) =>
          command
            .option('seconds', { type: 'number', default: 1, describe: 'How long to measure each; 0: not at all' })
            .option('json', { type: 'boolean', default: false, describe: 'Print it as JSON' })
            .example('$0 doctor', 'a table')
            .example('$0 doctor --seconds 0 --json', 'for programs, without the measurement'),
        async (argv) => {
          const { doctorCommand } = await import('./doctor-command.js')
          await doctorCommand(argv)
        },
      )
      .command(
        'report',
        'Write docs/report.md with its pictures from the runs, the models and the experiments',
        (command) =>
          command
            .option('runs', { type: 'string', default: 'runs', describe: 'Folder of the runs' })
            .option('models', { type: 'string', default: 'models', describe: 'Folder of the models' })
            .option('out', { type: 'string', default: 'docs', describe: 'Folder for report.md and report/' })
            .option('data', {
              type: 'string',
              default: 'auto',
              describe: 'Test pictures that models are verified with',
            })
            .option('again', { type: 'boolean', default: false, describe: 'From the data of the last report: no runs' })
            .option('check', { type: 'boolean', default: false, describe: 'Write nothing: is the report up to date?' })
            .example('$0 report', 'reads every run, verifies every model')
            .example('$0 report --check', 'ends with 1 where the data make another report'),
        async (argv) => {
          const { reportCommand } = await import('./report-command.js')
          await reportCommand(argv)
        },
      )
      .command(
        'experiment <what>',
        'Train the short runs that a comparison of the report is made of',
        (command) =>
          command
            .positional('what', { choices: ['dying-relu'] as const, demandOption: true })
            .option('data', { type: 'string', default: 'auto', describe: 'auto, mnist, synthetic, or a folder' })
            .option('out', { type: 'string', default: 'runs', describe: 'Folder of the runs, for its results too' })
            .option('threads', { type: 'number', describe: 'CPU threads (default: all cores)' })
            .example('$0 experiment dying-relu', 'lenet5-03 from ten seeds under each of four conditions'),
        async (argv) => {
          const { experimentCommand } = await import('./experiment-command.js')
          await experimentCommand(argv)
        },
      )
      .command(
        'networks',
        'List the networks, their parameters and recipes',
        (command) => command.option('json', { type: 'boolean', default: false }),
        async (argv) => {
          const { networksCommand } = await import('./networks-command.js')
          networksCommand(argv)
        },
      ),
}
