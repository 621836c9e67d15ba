// Speed, ours against others', both sides in one run: `npm run bench -- <what> [options]`. Each benchmark prints its figures and their ratio.
const BENCHMARKS = {
  train: ['images/s of whole training steps, ours and PyTorch by turns', () => import('./train.js')],
  tfjs: ['images/s of tfjs on native TensorFlow, and of TensorFlow’s own Python', () => import('./tfjs.js')],
  gpu: [
    'on a GPU: the doctor, images/s of tfjs, onnx and PyTorch; writes docs/gpu-report.md',
    () => import('./gpu.js'),
  ],
  export: ['CPU and memory of an export, and against tf2onnx', () => import('./export.js')],
  infer: ['cold start and verification, ours and bare onnxruntime', () => import('./infer.js')],
  bulk: ['pictures/s of many small files, ours and Pillow with onnxruntime by turns', () => import('./bulk.js')],
  pictures: [
    'how well drawn digits are read on all kinds of paper and in all kinds of light',
    () => import('./pictures.js'),
  ],
  web: [
    'the page in Chromium: first answer, training beside Node and tfjs, input and memory',
    () => import('./web.js'),
  ],
  serve: ['requests/s, latency, shedding and memory of the server', () => import('./serve.js')],
}

const [name, ...args] = process.argv.slice(2)
const [, load] = BENCHMARKS[name] ?? []
if (load === undefined) {
  console.error(`bench: expected one of ${Object.keys(BENCHMARKS).join(', ')}, found ${name ?? 'nothing'}`)
  for (const [known, [what]] of Object.entries(BENCHMARKS)) console.error(`  npm run bench -- ${known}   ${what}`)
  process.exitCode = 2
} else {
  const { main } = await load()
  await main(args)
}
