/** JSON schemas of what goes in and out, for the OpenAPI document; queries and parameters are also checked by them. */

export const ERROR = {
  type: 'object',
  required: ['error'],
  properties: { error: { type: 'string', description: 'What was wrong: what was expected, what was found' } },
} as const

/** The error responses of a route, by status. */
export function errors(...statuses: readonly number[]) {
  return Object.fromEntries(statuses.map((status) => [status, { description: MEANINGS[status] ?? 'Error', ...ERROR }]))
}

const MEANINGS: Readonly<Record<number, string>> = {
  400: 'The request is malformed, or what it holds is no picture',
  401: 'The API key is missing or wrong',
  404: 'There is no such model or version',
  413: 'The body is too large, or has too many parts',
  415: 'The body is encoded in a way that is not read',
  422: 'Well-formed, and not done here, as a picture of too many pixels',
  429: 'Too many requests wait or came: try again after Retry-After seconds',
  503: 'The server has too much to do, starts or stops: try again after Retry-After seconds',
  504: 'No answer within the deadline',
}

/** What any work may be answered with besides its result. */
export const WORK_ERRORS = errors(400, 401, 404, 413, 415, 422, 429, 503, 504)

const TENSOR = {
  type: 'object',
  required: ['name', 'datatype', 'shape'],
  properties: {
    name: { type: 'string' },
    datatype: { type: 'string', enum: ['FP32'] },
    shape: { type: 'array', items: { type: 'integer' } },
  },
} as const

const PARAMETERS = { type: 'object', additionalProperties: true } as const

export const MODEL_PARAMS = {
  type: 'object',
  required: ['model'],
  properties: { model: { type: 'string', description: 'As the repository index has it' } },
} as const

export const VERSION_PARAMS = {
  type: 'object',
  required: ['model', 'version'],
  properties: { ...MODEL_PARAMS.properties, version: { type: 'string' } },
} as const

export const SERVER_METADATA = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    version: { type: 'string' },
    extensions: { type: 'array', items: { type: 'string' } },
  },
} as const

export const MODEL_METADATA = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    versions: { type: 'array', items: { type: 'string' } },
    platform: { type: 'string' },
    inputs: { type: 'array', items: TENSOR },
    outputs: { type: 'array', items: TENSOR },
  },
} as const

export const REPOSITORY_INDEX = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      name: { type: 'string' },
      version: { type: 'string' },
      state: { type: 'string', enum: ['READY', 'UNAVAILABLE'] },
      reason: { type: 'string' },
    },
  },
} as const

export const INFER_REQUEST = {
  type: 'object',
  required: ['inputs'],
  properties: {
    id: { type: 'string', maxLength: 1024 },
    parameters: PARAMETERS,
    inputs: {
      type: 'array',
      minItems: 1,
      maxItems: 1,
      items: {
        type: 'object',
        required: ['name', 'datatype', 'shape'],
        properties: {
          name: { type: 'string', enum: ['image'] },
          datatype: { type: 'string', enum: ['FP32'] },
          shape: { type: 'array', items: { type: 'integer', minimum: 1 }, minItems: 4, maxItems: 4 },
          data: { type: 'array', items: {}, description: 'Numbers, flat or nested; ink 1, paper 0' },
          parameters: PARAMETERS,
        },
      },
    },
    outputs: {
      type: 'array',
      items: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, parameters: PARAMETERS } },
    },
  },
} as const

export const INFER_RESPONSE = {
  type: 'object',
  required: ['model_name', 'model_version', 'outputs'],
  properties: {
    model_name: { type: 'string' },
    model_version: { type: 'string' },
    id: { type: 'string' },
    outputs: {
      type: 'array',
      items: {
        ...TENSOR,
        properties: {
          ...TENSOR.properties,
          data: { type: 'array', items: { type: 'number' } },
          parameters: PARAMETERS,
        },
      },
    },
  },
} as const

export const CLASSIFY_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: {
    model: {
      type: 'string',
      maxLength: 128,
      description: 'As the repository index has it; the default where left out',
    },
    invert: {
      type: 'string',
      enum: ['auto', 'yes', 'no'],
      default: 'auto',
      description: 'yes: dark ink on light paper; no: light on dark; auto: find out',
    },
    explain: {
      type: 'boolean',
      default: false,
      description: 'Also what the model saw, step by step, as PNG in base64',
    },
  },
} as const

const ANSWER = {
  type: 'object',
  properties: {
    model: { type: 'string' },
    version: { type: 'string' },
    digit: { type: 'integer', minimum: 0, maximum: 9, nullable: true, description: 'null: no digit was found' },
    probability: { type: 'number' },
    probabilities: { type: 'array', items: { type: 'number' }, description: 'Of the digits 0 to 9' },
    reason: { type: 'string', description: 'Why there is no digit' },
    polarity: { type: 'string', enum: ['dark-on-light', 'light-on-dark'] },
    box: {
      type: 'object',
      properties: Object.fromEntries(['x', 'y', 'width', 'height'].map((name) => [name, { type: 'integer' }])),
    },
    steps: {
      type: 'array',
      items: { type: 'object', properties: { name: { type: 'string' }, png: { type: 'string', format: 'byte' } } },
    },
    error: { type: 'string', description: 'Of this picture alone, where several were sent' },
  },
} as const

/** One answer for a raw body; for a multipart body the answers in its order. */
export const CLASSIFY_RESPONSE = {
  oneOf: [ANSWER, { type: 'object', required: ['answers'], properties: { answers: { type: 'array', items: ANSWER } } }],
} as const
