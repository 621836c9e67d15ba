/** `POST /v2/models/{model}[/versions/{version}]/infer` */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { TENSORS } from '../batching/kinds.js'
import { servedOutputs } from '../pool/model-runner.js'
import { readInferRequest } from '../protocol/infer-request.js'
import { wantedOutputs, writeInferResponse } from '../protocol/infer-response.js'
import type { Service } from '../service.js'
import { onDisconnect } from './disconnect.js'
import { readRawBodies } from './raw-body.js'
import { INFER_REQUEST, INFER_RESPONSE, MODEL_PARAMS, VERSION_PARAMS, WORK_ERRORS } from './schemas.js'

const LENGTH_HEADER = 'inference-header-content-length'

interface InferRoute {
  readonly Params: { readonly model: string; readonly version?: string }
}

export function inferRoutes(scope: FastifyInstance, service: Service): void {
  readRawBodies(scope)
  const handler = async (request: FastifyRequest<InferRoute>, reply: FastifyReply): Promise<unknown> => {
    const { model: name, version } = request.params
    const served = service.repository.find(name, version)
    const header = request.headers[LENGTH_HEADER]
    const bytes = (request.body as Buffer | undefined) ?? Buffer.alloc(0)
    const asked = readInferRequest({ bytes, headerLength: Array.isArray(header) ? header[0] : header })
    // Before the run: a wrong name costs no inference.
    wantedOutputs(
      asked,
      servedOutputs(served).map((output) => output.name),
    )
    const limit = service.options.timeout
    const outputs = await service.run(TENSORS, served, {
      input: asked.values,
      rows: asked.rows,
      bytes: asked.values.byteLength,
      timeout: asked.timeout === undefined ? limit : Math.min(limit, Math.ceil(asked.timeout / 1000)),
      onCancel: (cancel) => onDisconnect(reply, cancel),
    })
    const { body, headerLength } = writeInferResponse({
      model: served.name,
      version: served.version,
      request: asked,
      outputs,
    })
    if (headerLength === undefined) return reply.type('application/json').send(body)
    return reply.type('application/octet-stream').header('Inference-Header-Content-Length', headerLength).send(body)
  }

  for (const [url, params] of [
    ['/v2/models/:model/infer', MODEL_PARAMS],
    ['/v2/models/:model/versions/:version/infer', VERSION_PARAMS],
  ] as const) {
    scope.post<InferRoute>(
      url,
      {
        bodyLimit: service.options.inferBytes,
        // The body is bytes, perhaps with tensors behind the JSON: `readInferRequest` checks it, and says what is wrong by name.
        validatorCompiler: () => () => true,
        schema: {
          tags: ['inference'],
          summary: 'Tensors in, tensors out',
          description: 'With the header Inference-Header-Content-Length: JSON of that length, then the tensors’ bytes.',
          params,
          body: INFER_REQUEST,
          response: { 200: INFER_RESPONSE, ...WORK_ERRORS },
        },
      },
      handler,
    )
  }
}
