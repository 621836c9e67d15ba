/** A reliability diagram as SVG: of the answers of each confidence, the share that is right. */
import type { Calibration, CalibrationBin } from './calibration.js'
import { percent } from './table.js'

const SIDE = 360
const MARGIN = { left: 64, top: 12, bottom: 44, right: 24 } as const

/** Bars of less than this share of the answers are faint: their accuracy is a few pictures' chance. */
const FEW = 0.01

export function reliabilityDiagram({ bins }: Calibration, total: number): string {
  const x = (share: number): number => MARGIN.left + SIDE * share
  const y = (share: number): number => MARGIN.top + SIDE * (1 - share)
  const bar = ({ from, to, count, confidence, accuracy }: CalibrationBin): string => {
    if (count === 0) return ''
    const words = `${count.toLocaleString('en-US')} answers at ${percent(confidence)} on average: ${percent(accuracy)} right`
    const box = `x="${x(from) + 1}" y="${y(accuracy)}" width="${x(to) - x(from) - 2}" height="${y(0) - y(accuracy)}"`
    return `<rect ${box} fill="var(--blue)" opacity="${count < FEW * total ? 0.3 : 0.85}"><title>${words}</title></rect>`
  }
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(
    (share) =>
      `<path d="M${x(0)} ${y(share)} H${x(1)}" stroke="var(--line)"/><text x="${x(0) - 6}" y="${y(share) + 4}" text-anchor="end">${100 * share} %</text><text x="${x(share)}" y="${y(0) + 18}" text-anchor="middle">${100 * share} %</text>`,
  )
  const size = { width: MARGIN.left + SIDE + MARGIN.right, height: MARGIN.top + SIDE + MARGIN.bottom }
  return `<svg role="img" aria-label="Reliability diagram: share of right answers by confidence" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}">${ticks.join('')}${bins.map(bar).join('')}<path d="M${x(0)} ${y(0)} L${x(1)} ${y(1)}" stroke="var(--faint)" stroke-dasharray="5 4"/><text x="${x(0.5)}" y="${y(0) + 38}" text-anchor="middle">confidence</text><text transform="translate(12 ${y(0.5)}) rotate(-90)" text-anchor="middle">right</text></svg>`
}
