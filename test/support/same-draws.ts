/**
 * fast-check draws the same on every machine, so that a commit passes or fails for all alike. `FUZZ=1 npm test` draws anew, and
 * prints the seed where something fails.
 */
import fc from 'fast-check'

if (!process.env.FUZZ) fc.configureGlobal({ seed: 1998 })
