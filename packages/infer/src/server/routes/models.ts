/** What the server and its models are: metadata, Triton's model configuration, and the repository's index. */
import type { FastifyInstance } from 'fastify'
import { Refusal } from '../error-table.js'
import { modelConfig, modelMetadata } from '../protocol/model-metadata.js'
import type { Service } from '../service.js'
import { errors, MODEL_METADATA, MODEL_PARAMS, REPOSITORY_INDEX, SERVER_METADATA, VERSION_PARAMS } from './schemas.js'

const EXTENSIONS = ['binary_tensor_data', 'model_configuration', 'model_repository'] as const

interface ModelParams {
  readonly model: string
  readonly version?: string
}

export function modelRoutes(app: FastifyInstance, service: Service, version: string): void {
  const tags = ['models']
  // Clients send JSON without saying so.
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? null : JSON.parse(String(body)))
    } catch {
      done(new Refusal('BAD_REQUEST', 'body: expected JSON, found something else'))
    }
  })
  app.get(
    '/v2',
    { schema: { tags, summary: 'The server', response: { 200: SERVER_METADATA, ...errors(401, 429) } } },
    async () => ({ name: 'mnist-infer', version, extensions: EXTENSIONS }),
  )

  for (const [url, params] of [
    ['/v2/models/:model', MODEL_PARAMS],
    ['/v2/models/:model/versions/:version', VERSION_PARAMS],
  ] as const) {
    const response = errors(401, 404, 429)
    app.get<{ Params: ModelParams }>(
      url,
      { schema: { tags, summary: 'A model', params, response: { 200: MODEL_METADATA, ...response } } },
      async ({ params: { model: name, version: wanted } }) => {
        const { model } = service.repository.find(name, wanted)
        return modelMetadata(name, service.repository.versions(name), model)
      },
    )
    app.get<{ Params: ModelParams }>(
      `${url}/config`,
      { schema: { tags, summary: 'A model, as Triton configures it', params, response } },
      async ({ params: { model: name, version: wanted } }) =>
        modelConfig(name, service.options.maxBatch, service.repository.find(name, wanted).model),
    )
  }

  app.post<{ Body: { ready?: unknown } | null }>(
    '/v2/repository/index',
    {
      schema: {
        tags,
        summary: 'What the models folder holds',
        response: { 200: REPOSITORY_INDEX, ...errors(400, 401, 429) },
      },
    },
    async ({ body }) => {
      const onlyReady = body?.ready === true
      return service.repository.index().filter(({ state }) => !onlyReady || state === 'READY')
    },
  )

  // As Triton says it where it polls its repository: the folder alone decides.
  for (const action of ['load', 'unload'] as const) {
    app.post<{ Params: ModelParams }>(
      `/v2/repository/models/:model/${action}`,
      {
        schema: {
          tags,
          summary: `Refused: the models folder is what is served`,
          params: MODEL_PARAMS,
          response: errors(400, 401, 429),
        },
      },
      async () => {
        throw new Refusal(
          'BAD_REQUEST',
          `${action}: expected none, for the models folder is what is served: change the folder instead`,
        )
      },
    )
  }
}
