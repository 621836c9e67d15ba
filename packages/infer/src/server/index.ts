/** The server of `mnist-infer serve`, as a library. */
export { createServer, type DigitServer, type ServerAddress } from './create-server.js'
export { LOG_LEVELS, type LogLevel, type ServerOptions } from './options.js'
