// node scripts/run.mjs train_model/toy && python3 scripts/train_model/first_losses.py
// A model of 30 k parameters with the same initialisation, loss and optimiser as the embedded one: small enough for CI
// to replay every step of its training.
import { mkdirSync, writeFileSync } from 'node:fs';
import { makeRng } from '#base/rng.ts';
import { initWeights } from '#model/init.ts';
import { toSafetensors } from './safetensors.ts';

const OUT = '.cache/train_model';
const SEED = 'headlight/toy';
const SIZES = { n_layer: 2, n_embd: 32, n_head: 4, n_positions: 16, vocab_size: 97 };
const STEPS = 50;
const ROWS = 4;
const CTX = 16;

main();

function main(): void {
  mkdirSync(OUT, { recursive: true });
  writeFileSync(`${OUT}/toy.safetensors`, toSafetensors(initWeights(SEED, SIZES)));
  writeFileSync(
    `${OUT}/toy.json`,
    JSON.stringify({ seed: SEED, sizes: SIZES, steps: STEPS, rows: ROWS, ctx: CTX, ...batches() }),
  );
}

/** Rows 0, w1..w7, w1..w7, 1: ids skewed to small ones so that there is something to learn; first pass weighs 10 %. */
function batches(): { tokens: number[]; weights: number[] } {
  const rng = makeRng(SEED).fork('batches');
  const tokens: number[] = [];
  const weights: number[] = [];
  for (let row = 0; row < STEPS * ROWS; row++) {
    const once = Array.from({ length: 7 }, () => 2 + Math.floor(95 * rng.uniform() ** 2));
    tokens.push(0, ...once, ...once, 1);
    weights.push(100, ...once.map(() => 10), ...once.map(() => 100), 100);
  }
  return { tokens, weights };
}
