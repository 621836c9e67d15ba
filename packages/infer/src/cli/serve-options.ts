/** The options of `mnist-infer serve`; what each is unless it is given, `server/options.ts` says. */
import type { Argv } from 'yargs'
import { LOG_LEVELS } from '../server/options.js'

export function serveOptions<T>(command: Argv<T>) {
  const number = (describe: string) => ({ type: 'number', describe }) as const
  return command
    .option('models', {
      type: 'string',
      describe: 'Folder with NAME.onnx or NAME/VERSION/model.onnx (default: models)',
    })
    .option('host', {
      type: 'string',
      default: '127.0.0.1',
      describe: 'Address to listen at; beyond loopback it needs a key',
    })
    .option('port', { type: 'number', default: 8080, describe: '0: any that is free' })
    .option(
      'health-port',
      number('Port that answers health alone, from a thread that no load delays; 0: any (default: none)'),
    )
    .option('model', { alias: 'm', type: 'string', describe: 'Model of /classify where a request names none' })
    .option('provider', {
      choices: ['auto', 'cuda', 'webgpu', 'cpu'] as const,
      default: 'cpu' as const,
      describe: 'What computes',
    })
    .option('workers', number('Threads with sessions of their own (default: one a core, at least 2)'))
    .option('max-batch', number('Digits in a batch (default: 64)'))
    .option('max-delay', number('Milliseconds that a request waits for company (default: 1)'))
    .option('queue', number('Requests that may wait; more are answered 429 (default: 96)'))
    .option('timeout', number('Milliseconds until 504 (default: 10000)'))
    .option('rate', number('Requests a second from one address; 0: any number (default: 0)'))
    .option('max-pixels', number('Pixels of a picture (default: 32 million)'))
    .option('memory', number('MiB of the process beyond which work is refused (default: 512 and the models)'))
    .option('api-key', { type: 'string', describe: 'Key that clients must send; better in MNIST_API_KEY' })
    .option('cors', { type: 'string', describe: 'Origin whose pages may call, as https://example.org' })
    .option('log-level', {
      choices: LOG_LEVELS,
      default: 'info' as const,
      describe: 'Of the JSON lines on standard output',
    })
    .example('$0 serve', 'the models folder, on http://127.0.0.1:8080, documented at /docs')
    .example('MNIST_API_KEY=… $0 serve --host 0.0.0.0 --models /srv/models', 'for others')
}
