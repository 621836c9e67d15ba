/** The OpenAPI document at /openapi.json, from the routes' own schemas, and its page at /docs. */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'

const SECURITY = {
  bearer: { type: 'http', scheme: 'bearer' },
  key: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
} as const

export async function serveDocumentation(
  app: FastifyInstance,
  { version, secured }: { readonly version: string; readonly secured: boolean },
): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.0.3',
      info: {
        title: 'mnist-infer',
        version,
        description: 'Handwritten digits: the Open Inference Protocol v2 over REST, and pictures at /classify.',
        license: { name: 'MIT' },
      },
      tags: [
        { name: 'health', description: 'Whether it lives, and whether it can work' },
        { name: 'models', description: 'What is served' },
        { name: 'inference', description: 'Tensors and pictures to digits' },
      ],
      ...(secured ? { components: { securitySchemes: SECURITY }, security: [{ bearer: [] }, { key: [] }] } : {}),
    },
  })
  await app.register(page)
  app.get('/openapi.json', { schema: { hide: true }, config: { open: true } }, async () => app.swagger())
}

const page: FastifyPluginAsync = async (scope) => {
  scope.addHook('onRoute', (route) => {
    route.config = { ...route.config, open: true }
  })
  await scope.register(swaggerUi, { routePrefix: '/docs', uiConfig: { tryItOutEnabled: true } })
}
