import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { ROOT } from './support/commands.js'

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly spec: Record<string, unknown>
}

interface BulkContainer {
  readonly command: readonly string[]
  readonly args: readonly string[]
  readonly workingDir: string
}

interface BulkJob {
  readonly completions: number
  readonly template: { readonly spec: { readonly containers: readonly BulkContainer[] } }
}

/** Where the package has Kubernetes' own schema and type of each kind, made from its OpenAPI document. */
const MODULES: Readonly<Record<string, string>> = {
  'apps/v1 Deployment': 'apps/v1',
  'v1 Service': 'v1',
  'autoscaling/v2 HorizontalPodAutoscaler': 'autoscaling/v2',
  'policy/v1 PodDisruptionBudget': 'policy/v1',
  'batch/v1 Job': 'batch/v1',
}

interface Validated {
  /** Throws where the schema is not met. */
  validate(): void
}

/** Fields of KServe's ModelSpec (serving.kserve.io/v1beta1) that are not a container's. */
const MODEL_FIELDS = ['modelFormat', 'protocolVersion', 'runtime', 'runtimeVersion', 'storage', 'storageUri']
/** Fields of its ComponentExtensionSpec. */
const COMPONENT_FIELDS = [
  'minReplicas',
  'maxReplicas',
  'scaleMetric',
  'scaleTarget',
  'containerConcurrency',
  'timeout',
  'canaryTrafficPercent',
  'batcher',
  'logger',
  'labels',
  'annotations',
]

const require = createRequire(import.meta.url)

async function manifests(folder: string): Promise<[string, Manifest][]> {
  const files = await readdir(join(ROOT, 'deploy', folder))
  const read = await Promise.all(
    files.sort().map(async (file) => {
      const documents = parseAllDocuments(await readFile(join(ROOT, 'deploy', folder, file), 'utf8'), {
        uniqueKeys: true,
      })
      for (const { errors } of documents as { errors: unknown[] }[]) expect(errors).toEqual([])
      return documents.map((document): [string, Manifest] => [file, document.toJS() as Manifest])
    }),
  )
  return read.flat()
}

/** What the compiler says of values of Kubernetes' types: it also knows fields that are not there, which the schemas let pass. */
async function typeErrors(
  values: readonly (readonly [module: string, type: string, value: unknown])[],
): Promise<string> {
  const folder = await mkdtemp(join(ROOT, 'test', 'deploy-'))
  const lines = values.map(
    ([module, type, value], index) =>
      `import type { ${type} as T${index} } from 'kubernetes-models/${module}'\nexport const v${index}: T${index} = ${JSON.stringify(value)}`,
  )
  await writeFile(join(folder, 'manifests.ts'), lines.join('\n'))
  const tsc = require.resolve('typescript/bin/tsc')
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--ignoreConfig', '--module', 'nodenext', 'manifests.ts']
  const result = await promisify(execFile)(process.execPath, [tsc, ...options], { cwd: folder }).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  )
  await rm(folder, { recursive: true })
  return result
}

describe('what deploy/ has', () => {
  test('for Kubernetes is valid by its own schemas, and has no field that it does not know', async () => {
    const all = await manifests('kubernetes')
    expect(all.map(([, { kind }]) => kind).sort()).toEqual([
      'Deployment',
      'HorizontalPodAutoscaler',
      'Job',
      'PodDisruptionBudget',
      'Service',
    ])
    const values = all.map(([, manifest]) => {
      const module = MODULES[`${manifest.apiVersion} ${manifest.kind}`] ?? 'none'
      const kinds = require(`kubernetes-models/${module}`) as Record<string, new (value: Manifest) => Validated>
      const Kind = kinds[manifest.kind] as new (value: Manifest) => Validated
      new Kind(manifest).validate()
      return [module, `I${manifest.kind}`, manifest] as const
    })
    // One wrong field beside them shows that it would be seen.
    const [module, type, manifest] = values[0] as (typeof values)[0]
    const wrong = [module, type, { ...manifest, spec: { ...manifest.spec, unheardOf: 2 } }] as const
    const errors = (await typeErrors([...values, wrong])).trim().split('\n')
    expect(errors).toEqual([expect.stringContaining(`'"unheardOf"' does not exist`)])
  })

  test('for KServe is an InferenceService of its fields, with containers as Kubernetes has them', async () => {
    const all = await manifests('kserve')
    const containers = all.map(([file, { apiVersion, kind, spec }]) => {
      expect([file, apiVersion, kind, Object.keys(spec)]).toEqual([
        file,
        'serving.kserve.io/v1beta1',
        'InferenceService',
        ['predictor'],
      ])
      const { model, containers: own = [], ...component } = spec.predictor as Record<string, unknown>
      expect(COMPONENT_FIELDS).toEqual(expect.arrayContaining(Object.keys(component)))
      const entries = Object.entries((model ?? {}) as object)
      // The rest of a model is a container, whose name KServe gives.
      const rest = Object.fromEntries(entries.filter(([name]) => !MODEL_FIELDS.includes(name)))
      return model === undefined ? (own as unknown[]) : [{ name: 'kserve-container', ...rest }]
    })
    expect(await typeErrors(containers.flat().map((container) => ['v1', 'IContainer', container] as const))).toBe('')
  })

  test('for many pictures answers each in one pod, and a pod that is started again goes on with its part', async () => {
    const jobs = (await manifests('kubernetes')).filter(([, { kind }]) => kind === 'Job')
    const [{ completions, template } = {} as BulkJob] = jobs.map(([, { spec }]) => spec as unknown as BulkJob)
    const [{ command, args, workingDir } = {} as BulkContainer] = template.spec.containers
    expect([workingDir, command[0]]).toEqual(['/data', 'node'])
    const data = await mkdtemp(join(tmpdir(), 'volume of a job '))
    const pictures = join(data, 'pictures')
    await mkdir(pictures)
    await mkdir(join(data, 'answers'))
    const names = Array.from({ length: 20 }, (_, index) => `pictures/${String(index).padStart(2, '0')}.png`)
    for (const name of names) await cp(join(ROOT, 'test/fixtures/pictures/digit.png'), join(data, name))
    await writeFile(join(data, names[3] as string), 'no picture')
    await writeFile(join(data, 'pictures.txt'), names.map((name) => `${name}\n`).join(''))

    const pod = (index: number) => {
      const own = args.map((arg) => arg.replaceAll('$(JOB_COMPLETION_INDEX)', String(index)))
      return execa(process.execPath, [(command[1] as string).replace('/app', ROOT), ...own], {
        cwd: data,
        reject: false,
      })
    }
    const answersOf = async (index: number) => readFile(join(data, 'answers', `${index}.jsonl`), 'utf8')
    const codes: (number | undefined)[] = []
    for (let index = 0; index < completions; index++) codes.push((await pod(index)).exitCode)
    // The fourth picture is in the fourth part.
    expect(codes).toEqual([0, 0, 0, 1, 0, 0, 0, 0])
    // As if it had been killed within its second record.
    const whole = await answersOf(5)
    await writeFile(join(data, 'answers', '5.jsonl'), whole.slice(0, whole.indexOf('\n') + 20))
    expect([(await pod(3)).exitCode, (await pod(5)).exitCode]).toEqual([0, 0])
    expect(await answersOf(5)).toBe(whole)

    const parts = await Promise.all(Array.from({ length: completions }, (_, index) => answersOf(index)))
    const answered = parts.map((text) =>
      text
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { picture: string }).picture),
    )
    expect(answered).toEqual(
      Array.from({ length: completions }, (_, part) => names.filter((_, place) => place % completions === part)),
    )
    await rm(data, { recursive: true })
  }, 120_000)

  test('for a container copies files that are there', async () => {
    const text = await readFile(join(ROOT, 'deploy', 'Containerfile'), 'utf8')
    const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, files]) =>
      (files as string).split(' '),
    )
    const tracked = (await promisify(execFile)('git', ['ls-files', '--', ...copied], { cwd: ROOT })).stdout.split('\n')
    for (const file of copied) expect(tracked.some((path) => path === file || path.startsWith(`${file}/`))).toBe(true)
  })
})
