/** `POST /classify`: a picture as the body, or pictures as the files of a form; the digit of each. */
import multipart from '@fastify/multipart'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Invert } from '../../image/frame.js'
import { PICTURES } from '../batching/kinds.js'
import { clientError, Refusal } from '../error-table.js'
import type { PictureAnswer } from '../pool/messages.js'
import type { ServedModel } from '../repository/model-repository.js'
import type { Service } from '../service.js'
import { onDisconnect } from './disconnect.js'
import { readRawBodies } from './raw-body.js'
import { CLASSIFY_QUERY, CLASSIFY_RESPONSE, WORK_ERRORS } from './schemas.js'

/** Pictures of one form: each is a job of its own, and one request must not fill the queue. */
const MOST_FILES = 16

/** Bytes of pictures that count as one row: a batch is one large photograph, or many small crops. */
const BYTES_PER_ROW = 4096

interface ClassifyRoute {
  readonly Querystring: { readonly model?: string; readonly invert: Invert; readonly explain: boolean }
}

interface Asked {
  readonly request: FastifyRequest<ClassifyRoute>
  readonly reply: FastifyReply
  readonly model: ServedModel
}

export async function classifyRoutes(scope: FastifyInstance, service: Service): Promise<void> {
  const { pictureBytes, timeout } = service.options
  readRawBodies(scope)
  await scope.register(multipart, {
    limits: {
      files: MOST_FILES,
      parts: 2 * MOST_FILES,
      fields: MOST_FILES,
      fieldSize: 1024,
      headerPairs: 20,
      fileSize: pictureBytes,
    },
  })

  const classify = ({ request, reply, model }: Asked, bytes: Buffer): Promise<PictureAnswer> => {
    const { invert, explain } = request.query
    return service.run(PICTURES, model, {
      input: { bytes, invert, explain },
      rows: Math.ceil(bytes.length / BYTES_PER_ROW),
      bytes: bytes.length,
      timeout,
      onCancel: (cancel) => onDisconnect(reply, cancel),
    })
  }

  scope.post<ClassifyRoute>(
    '/classify',
    {
      bodyLimit: pictureBytes,
      schema: {
        tags: ['inference'],
        summary: 'Pictures in, digits out',
        description: `A PNG, JPEG, WebP, GIF, TIFF, BMP or AVIF file as the body, or up to ${MOST_FILES} of them as the files of a form.`,
        consumes: ['application/octet-stream', 'image/*', 'multipart/form-data'],
        querystring: CLASSIFY_QUERY,
        response: { 200: CLASSIFY_RESPONSE, ...WORK_ERRORS },
      },
      // The body is bytes, and the answer is made below: neither is a schema's to change.
      serializerCompiler: () => JSON.stringify,
    },
    async (request, reply: FastifyReply) => {
      const model = service.model(request.query.model)
      const { name, version } = model
      const asked = { request, reply, model }
      if (!request.isMultipart()) {
        const bytes = request.body as Buffer | undefined
        if (bytes === undefined || bytes.length === 0)
          throw new Refusal('BAD_REQUEST', 'body: expected a picture, found nothing')
        return reply.send({ model: name, version, ...(await classify(asked, bytes)) })
      }
      const files = await readFiles(request, pictureBytes)
      const answers = await Promise.all(
        files.map((bytes) => classify(asked, bytes).catch((error: unknown) => pictureError(error))),
      )
      return reply.send({ model: name, version, answers })
    },
  )
}

/** The files of a form, in its order; their names are not looked at. */
async function readFiles(request: FastifyRequest, limit: number): Promise<Buffer[]> {
  try {
    return await collectFiles(request, limit)
  } catch (error) {
    if (clientError(error).status < 500) throw error
    // The parser's own errors are plain ones, and nothing else can go wrong here.
    throw new Refusal('BAD_REQUEST', 'form: expected a whole one, found a broken one')
  }
}

async function collectFiles(request: FastifyRequest, limit: number): Promise<Buffer[]> {
  const files: Buffer[] = []
  let total = 0
  for await (const part of request.parts()) {
    if (part.type !== 'file') continue
    const bytes = await part.toBuffer()
    total += bytes.length
    if (total > limit) throw new Refusal('TOO_LARGE', `body: expected at most ${limit} bytes of pictures, found more`)
    files.push(bytes)
  }
  if (files.length === 0) throw new Refusal('BAD_REQUEST', 'form: expected a file, found none')
  return files
}

/** What is wrong with one picture; what is wrong with the server is the whole request's. */
function pictureError(error: unknown): { error: string } {
  const { status, message } = clientError(error)
  if (error instanceof Refusal || status >= 500) throw error
  return { error: message }
}
