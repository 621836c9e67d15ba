/** Styles of the digits 0 to 4; the notation is `StyleTable`'s. */
import type { StyleTable } from './skeletons.js'

const ZERO: StyleTable = [
  // An oval begun at the top, going left; closed.
  [6, '34,0 12,14 0,50 10,86 32,100 56,84 64,50 54,16 34,0'],
  // Narrow.
  [2, '22,0 6,18 0,52 6,86 20,100 36,84 42,50 36,16 22,0'],
  // As wide as high.
  [3, '48,0 16,14 0,50 16,86 48,100 80,86 94,50 80,14 48,0'],
  // The end runs past the beginning.
  [3, '46,6 24,2 4,28 0,62 14,94 38,98 60,70 62,34 44,6 22,8'],
  // The beginning hangs inside.
  [2, '40,24 26,6 6,26 0,60 14,94 38,98 60,70 62,32 46,6 24,4'],
  // Not quite closed at the top.
  [2, '24,4 6,22 0,56 12,92 36,100 58,78 64,42 54,12 38,2'],
  // Pointed below, as if a leaf.
  [2, '50,0 22,14 2,52 4,88 20,100 46,76 62,38 60,10 46,0'],
  // Begun at the top right, with a flag that stands out.
  [1, '60,0 36,4 8,28 0,64 16,96 42,94 62,66 60,32 42,12 20,14'],
  // Broad below.
  [1, '36,0 16,20 0,66 20,98 50,98 72,72 62,24 36,0'],
]

const ONE: StyleTable = [
  [10, '8,0 8,50 8,100'],
  [2, '8,0 13,50 6,100'],
  [2, '12,0 6,50 12,100'],
  // A small flag.
  [2, '0,16 14,0! 14,100'],
  [1, '0,26 24,0! 24,100'],
  // Flag and foot.
  [1, '0,24 26,0! 26,100 / 0,100 52,98'],
  [1, '6,14 26,0! 24,98 / 2,100 44,98'],
  // A foot that runs out to the right.
  [1, '10,0 8,60 12,96 24,100'],
]

const TWO: StyleTable = [
  // Round head, pointed at the lower left, flat foot.
  [4, '2,24 20,2 46,4 56,26 42,54 20,80 0,98! 34,94 66,96'],
  // As a Z.
  [4, '2,10 30,2 58,4! 50,26 26,62 0,96! 36,94 70,92'],
  [1, '0,4 56,2! 0,96! 62,96'],
  // A loop at the lower left.
  [3, '4,24 22,2 48,8 52,34 34,66 12,92 0,86 12,74 34,88 70,94'],
  [2, '6,20 24,0 46,10 44,42 24,80 8,98 0,88 14,78 40,92 64,80'],
  // Round at the lower left.
  [1, '2,20 24,0 50,10 48,36 24,66 6,92 28,96 66,94'],
  // Narrow.
  [2, '2,22 14,2 34,6 36,34 20,68 0,98! 24,96 42,94'],
  // Big head, short foot that falls.
  [1, '0,30 20,2 54,6 60,40 36,76 4,94 0,82 24,82 60,100'],
  // The head is rolled in.
  [1, '16,28 2,20 16,2 46,4 54,28 36,62 4,96! 36,92 68,94'],
  // A wide one with a wavy foot.
  [2, '0,22 26,2 60,8 58,38 24,74 2,92! 30,84 56,96 86,84'],
  // Slender, the back almost straight.
  [1, '4,14 24,0 40,14 30,50 8,94! 40,98'],
  // Low and flat.
  [1, '0,14 36,0 58,14 38,44 2,72! 40,72 96,66'],
]

const THREE: StyleTable = [
  [5, '2,12 24,0 48,8 46,30 20,46! 48,56 54,80 30,100 0,90'],
  // Flat top with a corner.
  [2, '2,4 50,2! 20,42! 50,56 54,84 30,100 0,92'],
  // A loop in the middle.
  [2, '4,14 28,0 50,14 38,40 18,48 22,42 48,56 54,82 28,100 0,90'],
  // Round throughout.
  [2, '4,12 28,0 50,14 40,38 24,46 48,56 56,78 32,100 2,92'],
  // Large below, a long tail to the left.
  [2, '14,12 38,0 58,12 44,34 28,44! 58,56 56,84 30,100 0,98'],
  // Large above.
  [1, '0,12 30,0 58,16 46,42 20,56! 46,64 50,86 26,100 4,92'],
  // The middle goes far to the left.
  [1, '4,14 28,0 50,12 38,36 6,50! 44,54 56,78 32,100 2,90'],
  // The middle is a notch only.
  [2, '4,10 30,0 46,16 36,42! 50,60 46,86 24,100 0,92'],
  // Wide and flat.
  [1, '0,16 40,0 72,8 60,28 30,42! 68,48 78,72 44,92 0,82'],
  // Ends rolled in.
  [1, '8,24 6,8 28,0 48,12 38,38 22,46! 48,56 52,82 26,100 2,92 10,78'],
]

const FOUR: StyleTable = [
  // Open above: the left stroke turns to the right, then the stem.
  [5, '10,4 2,50! 54,46 / 54,0 46,50 42,100'],
  [3, '14,2 4,30 0,54! 30,54 66,46 / 56,10 46,60 40,100'],
  // The left stroke is a bow.
  [3, '6,6 2,36 16,54 44,46 / 56,0 50,46 44,100'],
  // Square and upright.
  [2, '4,2 2,48! 48,48 / 48,0 48,100'],
  // Closed above, two strokes.
  [2, '44,0 0,62! 64,60 / 44,0 44,100'],
  [1, '40,0 22,30 0,58! 34,58 70,54 / 42,2 38,60 36,100'],
  // Short stem beside a slanting stroke.
  [2, '26,0 0,58! 62,54 / 46,26 38,100'],
  // In one go: down, across, back over a loop.
  [1, '20,0 4,50 18,58 48,36 56,16 44,60 38,100'],
  [2, '16,2 0,50 12,56 40,46 58,2! 46,54 36,100'],
  // Stem at the right end, bar ends in it.
  [1, '6,0 0,40 14,52 48,44! 50,0! 48,100'],
  // The bar goes far to the right.
  [1, '22,0 6,44! 80,40 / 48,10 40,100'],
  // Low bar, long left stroke.
  [1, '12,0 0,70! 56,66 / 52,24 46,100'],
  // Wide and flat.
  [1, '14,6 2,40! 40,42 74,30 / 78,0 60,40 50,90'],
]

export const SKELETONS_0_TO_4: readonly StyleTable[] = [ZERO, ONE, TWO, THREE, FOUR]
