/** The command `mnist-infer`: its options, with the handlers loaded only when they run. */

import type { Program } from 'mnist-export/cli'
import { asksForReport, classifyOptions } from './classify-options.js'
import { MODEL_DEFAULTS, modelOptions, providerOptions } from './model-options.js'
import { serveOptions } from './serve-options.js'

export const program: Program = {
  name: 'mnist-infer',
  version: '0.1.0',
  lists: ['pictures'],
  define: (parser) =>
    parser
      .command('$0 [pictures..]', 'Read the digits in pictures', classifyOptions, async (argv) => {
        const args = { ...argv, json: argv.json || argv.format === 'json', verbose: argv.verbose === true }
        if (asksForReport(args)) {
          const { bulkCommand } = await import('./bulk-command.js')
          return bulkCommand(args)
        }
        if (args.multi) {
          const { multiCommand } = await import('./multi-command.js')
          return multiCommand(args)
        }
        const { classifyCommand } = await import('./classify-command.js')
        return classifyCommand(args)
      })
      .command(
        'verify',
        'Test a model on labelled digits',
        (command) =>
          modelOptions(command)
            .option('data', {
              type: 'string',
              default: 'auto',
              describe: 'auto, mnist, synthetic, or a folder with the IDX files',
            })
            .option('min-accuracy', {
              type: 'number',
              describe: 'Exit with 1 where the accuracy, 0 to 1, is below this',
            })
            .option('misread', { type: 'string', describe: 'PNG file to draw the misread digits in' })
            .option('report', {
              type: 'string',
              describe: 'HTML file to write all figures to, with a JSON file beside it',
            })
            .option('batch-size', { type: 'number', describe: 'Pictures a run' })
            .option('json', { type: 'boolean', default: false, describe: 'Print the figures as JSON' })
            .example('$0 verify --model lenet5', 'accuracy, figures for each digit, confusion matrix')
            .example('$0 verify --model lenet5 --report lenet5.html', 'calibration, providers and mistakes, to look at')
            .example('$0 verify --model lenet5 --min-accuracy 0.97 --misread misread.png', 'a check, and the mistakes'),
        async (argv) => {
          const { verifyCommand } = await import('./verify-command.js')
          await verifyCommand({ ...argv, verbose: argv.verbose === true })
        },
      )
      .command(
        'setup <what>',
        'Bring ONNX Runtime’s CUDA library into your cache',
        (command) =>
          command
            .positional('what', { choices: ['cuda'] as const, demandOption: true })
            .option('from-wheel', {
              type: 'string',
              describe: 'Folder with the wheels instead of PyPI; fetches nothing',
            })
            .option('python', { type: 'string', describe: 'Path of the Python whose pip fetches the wheels' })
            .option('system-libraries', {
              type: 'boolean',
              default: false,
              describe: 'CUDA 13 and cuDNN 9 are installed: bring the provider alone',
            })
            .option('remove', { type: 'boolean', default: false, describe: 'Take it out of the cache' })
            .example('$0 setup cuda', 'the provider and the CUDA 13 libraries, 1.5 GB')
            .example('$0 setup cuda --from-wheel ./wheels', 'without a network'),
        async (argv) => {
          const { setupCommand } = await import('./setup-command.js')
          await setupCommand(argv)
        },
      )
      .command(
        'doctor',
        'Say which providers can be had here, how fast they are, and what mends the others',
        (command) =>
          command
            .option('seconds', { type: 'number', default: 1, describe: 'How long to measure each; 0: not at all' })
            .option('json', { type: 'boolean', default: false, describe: 'Print it as JSON' })
            .example('$0 doctor', 'a table'),
        async (argv) => {
          const { doctorCommand } = await import('./doctor-command.js')
          await doctorCommand(argv)
        },
      )
      .command(
        'info [model]',
        'Say what a model is and what runs it',
        (command) =>
          providerOptions(command)
            .positional('model', { type: 'string', default: MODEL_DEFAULTS.model, describe: 'Name or path' })
            .option('json', { type: 'boolean', default: false, describe: 'Print it as JSON' })
            .example('$0 info lenet5', 'inputs, outputs, metadata, provider'),
        async (argv) => {
          const { infoCommand } = await import('./info-command.js')
          await infoCommand(argv)
        },
      )
      .command(
        'serve',
        'Serve models over HTTP: the Open Inference Protocol, and pictures',
        serveOptions,
        async (argv) => {
          const { serveCommand } = await import('./serve-command.js')
          await serveCommand(argv)
        },
      ),
}
