import fc from 'fast-check';

/**
 * Random tests draw the same values in every run, so that a change is judged by what it changes; `npm run fuzz` draws
 * anew. FUZZ_SEED repeats a run.
 */
const seed = process.env['FUZZ_SEED'];
fc.configureGlobal({ seed: seed === undefined ? 20261124 : seed === 'new' ? Date.now() : Number(seed) });
