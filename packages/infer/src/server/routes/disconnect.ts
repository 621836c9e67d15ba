/** A client that hangs up wants no answer: its request is taken out of the queue. */
import type { FastifyReply } from 'fastify'

/** Calls `cancel` when the connection is gone, or the response sent, after which there is nothing to cancel. */
export function onDisconnect({ raw }: FastifyReply, cancel: () => void): void {
  // A form has a job for each picture.
  raw.setMaxListeners(0)
  raw.once('close', cancel)
}
