/**
 * The one door to sharp (libvips), loaded at first use: 25 ms that a command without pictures need not spend.
 *
 * libvips has loaders for more than pictures of pixels: SVG and PDF reach files and the network. All loaders are blocked
 * but those of the formats that we read; `render.ts` opens the SVG one for text that we made ourselves.
 */
import { createRequire } from 'node:module'
import type sharpModule from 'sharp'

type Sharp = typeof sharpModule

/** libvips's names of the loaders that we use; 'Heif' is AVIF's. */
const LOADERS = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Tiff', 'Heif'].map((format) => `VipsForeignLoad${format}`)

let loaded: Sharp | undefined

/** sharp, with every loader but ours blocked. */
export async function loadSharp(): Promise<Sharp> {
  loaded ??= openSharp()
  return loaded
}

function openSharp(): Sharp {
  // Of sharp 0.35's two builds, the CommonJS one loads in a third of the time.
  const sharp = createRequire(import.meta.url)('sharp') as Sharp
  sharp.block({ operation: ['VipsForeignLoad'] })
  sharp.unblock({ operation: LOADERS })
  // Pictures come one by one and are not asked for again: a cache of their operations only holds memory.
  sharp.cache(false)
  return sharp
}
