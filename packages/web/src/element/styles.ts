/**
 * The element's looks. Custom properties that a page may set: --mnist-digit-ink, -paper, -surface, -line, -text, -muted, -accent,
 * -warning, -radius, -gap. Everything follows the page's `color-scheme`.
 */
const CSS = `
:host {
  --_ink: var(--mnist-digit-ink, light-dark(#1d2433, #f3f1ea));
  --_paper: var(--mnist-digit-paper, light-dark(#fffdf8, #171a21));
  --_surface: var(--mnist-digit-surface, light-dark(#ffffff, #1e222b));
  --_line: var(--mnist-digit-line, light-dark(#dcd8cd, #363c49));
  --_text: var(--mnist-digit-text, light-dark(#1d2433, #eceae4));
  --_muted: var(--mnist-digit-muted, light-dark(#5d6474, #a2a9b8));
  --_accent: var(--mnist-digit-accent, light-dark(#2f5bd0, #8fb0ff));
  --_warning: var(--mnist-digit-warning, light-dark(#a4431a, #ffab7d));
  --_radius: var(--mnist-digit-radius, 14px);
  --_gap: var(--mnist-digit-gap, clamp(16px, 4cqi, 32px));
  display: block;
  container-type: inline-size;
  color: var(--_text);
  font-family: var(--mnist-digit-font, inherit);
  line-height: 1.4;
}
:host([hidden]) { display: none; }
* { box-sizing: border-box; }
.hidden { position: absolute; inline-size: 1px; block-size: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.base { display: grid; gap: var(--_gap); grid-template-columns: minmax(0, 1fr); }
@container (min-width: 480px) { .base { grid-template-columns: minmax(0, 1.15fr) minmax(0, 1fr); align-items: start; } }

.pad { position: relative; aspect-ratio: 1; border-radius: var(--_radius); background: var(--_paper); border: 1px solid var(--_line); overflow: hidden; transition: border-color .15s; }
.pad::before { content: ''; position: absolute; inset: 12%; border: 1px dashed var(--_line); border-radius: calc(var(--_radius) * .6); pointer-events: none; }
canvas[part=canvas] { position: absolute; inset: 0; inline-size: 100%; block-size: 100%; color: var(--_ink); cursor: crosshair; touch-action: none; user-select: none; -webkit-user-select: none; border-radius: inherit; outline: none; }
.pad:has(canvas:focus-visible) { outline: 3px solid var(--_accent); outline-offset: 3px; }
.pad[data-drop] { border-color: var(--_accent); background: color-mix(in srgb, var(--_accent) 8%, var(--_paper)); }
.hint { position: absolute; inset: 0; margin: 0; display: grid; place-items: center; color: var(--_muted); font-size: clamp(15px, 4cqi, 19px); pointer-events: none; transition: opacity .15s; }
.pad[data-inked] .hint { opacity: 0; }
.cursor { position: absolute; inset-inline-start: var(--x, 50%); inset-block-start: var(--y, 30%); inline-size: 18px; block-size: 18px; margin: -9px; border-radius: 50%; border: 2px solid var(--_accent); pointer-events: none; visibility: hidden; }
.cursor[data-down] { background: var(--_accent); }
canvas:focus-visible ~ .cursor { visibility: visible; }

.toolbar { display: flex; gap: 8px; margin-block-start: 12px; }
button { font: inherit; color: inherit; cursor: pointer; }
button[part=button] { display: grid; place-items: center; inline-size: 44px; block-size: 44px; padding: 0; border: 1px solid var(--_line); border-radius: 12px; background: var(--_surface); transition: background .15s, border-color .15s; }
button[part=button]:hover:not(:disabled) { border-color: var(--_accent); color: var(--_accent); }
button:focus-visible { outline: 3px solid var(--_accent); outline-offset: 2px; }
button:disabled { opacity: .4; cursor: default; }
svg { inline-size: 22px; block-size: 22px; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }

.head { display: flex; justify-content: space-between; align-items: flex-start; gap: 16px; min-block-size: calc(88px + 2 * 21px); }
.answer { display: flex; flex-direction: column; }
.digit { font-size: 88px; line-height: 1; font-weight: 650; letter-spacing: -.03em; font-variant-numeric: tabular-nums; min-block-size: 88px; }
.digit[data-unsure] { color: var(--_muted); }
.certainty { color: var(--_muted); font-size: 15px; min-block-size: 1.4em; }
.seen { margin: 0; text-align: end; }
.seen canvas { display: block; margin-inline-start: auto; inline-size: 84px; block-size: 84px; image-rendering: pixelated; border-radius: 8px; background: #000; }
figcaption { margin-block-start: 6px; white-space: nowrap; color: var(--_muted); font-size: 12.5px; }

.bars { list-style: none; margin: 12px 0 0; padding: 0; display: grid; gap: clamp(5px, 1.15cqi, 13px); }
.bars li { display: grid; grid-template-columns: 1.1em minmax(0, 1fr) 3.6em; align-items: center; gap: 10px; font-size: 15px; font-variant-numeric: tabular-nums; }
.label { font-weight: 600; }
.track { block-size: 10px; border-radius: 5px; background: color-mix(in srgb, var(--_line) 55%, transparent); overflow: hidden; }
.fill { display: block; block-size: 100%; inline-size: 100%; border-radius: 5px; background: color-mix(in srgb, var(--_accent) 55%, var(--_line)); transform: scaleX(var(--share, 0)); transform-origin: left; transition: transform .18s ease-out; }
:host(:dir(rtl)) .fill { transform-origin: right; }
li[data-best] .fill { background: var(--_accent); }
.share { color: var(--_muted); text-align: end; font-size: 13.5px; }
li[data-best] .share, li[data-best] .label { color: var(--_text); font-weight: 650; }

/* The first text in a font makes the page wait until the system has been asked how to draw it. It is asked before anyone draws. */
.digit::before, .certainty::before, .bars::before, .bars::after { content: '0'; position: absolute; visibility: hidden; font-weight: 650; }
.certainty::before { font-weight: inherit; }
.bars::before { font-size: 13.5px; }
.bars::after { font-size: 15px; }

.notice { min-block-size: 42px; margin-block-start: 14px; }
.status { margin: 0; color: var(--_muted); font-size: 13.5px; overflow-wrap: anywhere; }
.status[data-problem] { color: var(--_warning); }
progress { display: block; inline-size: 100%; block-size: 4px; margin-block-start: 8px; border: 0; border-radius: 2px; accent-color: var(--_accent); appearance: none; background: var(--_line); overflow: hidden; }
progress[hidden], button[hidden] { display: none; }
progress::-webkit-progress-bar { background: var(--_line); }
progress::-webkit-progress-value { background: var(--_accent); transition: inline-size .2s; }
progress::-moz-progress-bar { background: var(--_accent); }
.retry { margin-block-start: 8px; padding: 6px 14px; border-radius: 10px; border: 1px solid var(--_line); background: var(--_surface); }
:host(:disabled) .pad { opacity: .55; }
:host(:disabled) canvas { cursor: not-allowed; }
@media (prefers-reduced-motion: reduce) { *, ::before { transition: none !important; } }
@media (forced-colors: active) { .fill { background: Highlight; forced-color-adjust: none; } .pad { border-color: CanvasText; } }
`

let sheet: CSSStyleSheet | undefined

/** One sheet for all elements; made of CSS objects, which a policy without 'unsafe-inline' allows. */
export function styles(): CSSStyleSheet {
  if (sheet === undefined) {
    sheet = new CSSStyleSheet()
    sheet.replaceSync(CSS)
  }
  return sheet
}
