/** A verification as one HTML file: nothing in it is fetched from elsewhere, nothing runs. */
import type { GreyPicture } from '../image/picture.js'
import { encodePng } from '../image/render.js'
import { DIGIT_PIXELS, DIGIT_SIZE, type Digits } from '../mnist/digits.js'
import type { Verification } from '../verify.js'
import type { ProviderComparison } from './compare-providers.js'
import { reliabilityDiagram } from './reliability-diagram.js'
import type { Misread } from './report.js'
import { percent } from './table.js'

export interface HtmlReport {
  readonly verification: Verification
  readonly digits: Digits
  /** The data set, in words. */
  readonly data: string
  readonly providers: readonly ProviderComparison[]
}

/** Misread digits that are shown, the most confident mistakes first. */
const MOST_SHOWN = 500

export async function htmlReport({ verification, digits, data, providers }: HtmlReport): Promise<string> {
  const { model, correct, total, accuracy, seconds, misread, calibration } = verification
  const title = `${model.metadata['mnist.network'] ?? model.path} on ${data}`
  const shown = misread.slice(0, MOST_SHOWN)
  const figures = await Promise.all(shown.map((one) => misreadFigure(one, digits)))
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
<p class="lead"><strong>${percent(accuracy)}</strong> right: ${number(correct)} of ${number(total)}, in ${seconds.toFixed(2)} s on ${model.provider.name}.</p>
<dl>${definitions(verification)}</dl>
<h2>What each digit was read as</h2>
${confusionTable(verification)}
<h2>Figures for each digit</h2>
${classTable(verification)}
<h2>Calibration</h2>
<p>Expected calibration error ${percent(calibration.expectedError)}, the largest of a bin ${percent(calibration.largestError)}. On the dashed line, confidence is what it says; bars below it are too sure of themselves. Faint bars hold fewer than one answer in a hundred.</p>
${reliabilityDiagram(calibration, total)}
<h2>Providers</h2>
${providerTable(verification, providers)}
<h2>Misread digits</h2>
<p>${misread.length === 0 ? 'None.' : `${number(misread.length)}, the most confident mistake first${shown.length < misread.length ? `; the first ${number(shown.length)} are shown` : ''}.`}</p>
<div class="misread">${figures.join('\n')}</div>
</main>
</body>
</html>
`
}

function definitions({ model }: Verification): string {
  const rows = [['file', model.path], ['size', `${number(model.bytes)} bytes`], ...Object.entries(model.metadata)]
  return rows.map(([name, value]) => `<dt>${escaped(name as string)}</dt><dd>${escaped(value as string)}</dd>`).join('')
}

function confusionTable({ confusion }: Verification): string {
  const head = confusion.map((_, answer) => `<th scope="col">${answer}</th>`).join('')
  const rows = confusion.map((row, label) => {
    const sum = row.reduce((total, count) => total + count, 0)
    const cells = row.map((count, answer) => confusionCell(count, { share: count / sum, right: answer === label }))
    return `<tr><th scope="row">${label}</th>${cells.join('')}</tr>`
  })
  return `<table class="confusion"><caption>Down: the digit; across: what it was read as</caption><thead><tr><td></td>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`
}

/** Mistakes are few: their colour is as strong at a twentieth of a row as a right answer's at all of it. */
function confusionCell(count: number, { share, right }: { share: number; right: boolean }): string {
  if (count === 0) return '<td class="none">·</td>'
  const strength = Math.round(100 * Math.min(1, right ? share : share * 20))
  return `<td class="${right ? 'right' : 'wrong'}" style="--strength:${strength}%">${number(count)}</td>`
}

function classTable({ perClass }: Verification): string {
  const rows = perClass.map(
    ({ digit, precision, recall, f1, support }) =>
      `<tr><th scope="row">${digit}</th><td>${percent(precision)}</td><td>${percent(recall)}</td><td>${percent(f1)}</td><td>${number(support)}</td></tr>`,
  )
  return `<table><thead><tr><th scope="col">digit</th><th scope="col">precision</th><th scope="col">recall</th><th scope="col">F1</th><th scope="col">pictures</th></tr></thead><tbody>${rows.join('\n')}</tbody></table>`
}

function providerTable({ model, seconds }: Verification, providers: readonly ProviderComparison[]): string {
  const first = `<tr><th scope="row">${model.provider.name}</th><td>${seconds.toFixed(2)} s</td><td colspan="2">what the others are compared with</td></tr>`
  const rows = providers.map((one) =>
    one.missing === undefined
      ? `<tr><th scope="row">${one.provider}</th><td>${one.seconds.toFixed(2)} s</td><td>${one.largestDifference.toExponential(1)}</td><td>${number(one.changedAnswers)}</td></tr>`
      : `<tr><th scope="row">${one.provider}</th><td colspan="3">not here: ${escaped(one.missing)}</td></tr>`,
  )
  return `<table class="providers"><thead><tr><th scope="col">provider</th><th scope="col">time</th><th scope="col">largest difference of a probability</th><th scope="col">answers changed</th></tr></thead><tbody>${[first, ...rows].join('\n')}</tbody></table>`
}

async function misreadFigure({ index, label, answer, probability }: Misread, { images }: Digits): Promise<string> {
  const pixels = images.slice(index * DIGIT_PIXELS, (index + 1) * DIGIT_PIXELS)
  const picture: GreyPicture = { width: DIGIT_SIZE, height: DIGIT_SIZE, pixels }
  const png = Buffer.from(await encodePng(picture)).toString('base64')
  const text = `${label} read as ${answer}, at ${percent(probability)}`
  return `<figure title="picture ${index}"><img src="data:image/png;base64,${png}" width="56" height="56" alt="a ${text}"><figcaption>${label} → ${answer}<br>${percent(probability)}</figcaption></figure>`
}

function number(value: number): string {
  return value.toLocaleString('en-US')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text of files, which may be anyone's. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] as string)
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2126; --paper: #fff; --faint: #69707a; --line: #d9dde2; --good: #2f8f5b; --bad: #c2413a; --blue: #2b6cb0 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --paper: #16191d; --faint: #9aa3ad; --line: #383e46; --good: #4fb381; --bad: #e0726b; --blue: #7db1e8 } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.5rem }
.lead { font-size: 1.25rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1.5rem; color: var(--faint); font-size: .875rem }
dd { margin: 0; overflow-wrap: anywhere }
table { border-collapse: collapse; font-variant-numeric: tabular-nums } caption { text-align: left; color: var(--faint); padding-bottom: .5rem }
th, td { padding: .3rem .7rem; text-align: right; border-bottom: 1px solid var(--line) }
.confusion { display: block; overflow-x: auto } .confusion td { min-width: 2.2rem }
.none { color: var(--faint) }
.right { background: color-mix(in srgb, var(--good) calc(var(--strength) * .45), transparent) }
.wrong { background: color-mix(in srgb, var(--bad) calc(var(--strength) * .7), transparent) }
.providers td, .providers th { text-align: left }
.misread { display: flex; flex-wrap: wrap; gap: .75rem } figure { margin: 0; width: 5.5rem; text-align: center }
figcaption { font-size: .8125rem; color: var(--faint) } img { image-rendering: pixelated; border-radius: 4px }
svg text { fill: var(--faint); font: 12px system-ui, sans-serif } svg { max-width: 100%; height: auto }
`
