// node scripts/run.mjs replay_model [steps] [swiftshader|lavapipe]
// Our own trainer takes the first steps of the embedded model's training (default and at most 200) and compares its
// losses with those that PyTorch wrote into e2e/golden/train_model_first_losses.json: a table of relative errors, and
// a failure beyond the limits below. Needs the data that `npm run train:model -- --init-only` writes into
// .cache/train_model. Without a driver's name a real GPU is taken.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openNode } from '#gpu/open_node.ts';
import { droppedFiles, type FolderSource } from '#io/sources.ts';
import { type LmBatch, trainLm } from '#model/lm_train.ts';
import { loadModel } from '#model/load.ts';
import { batchOf } from '#text/storyland/curriculum_stream.ts';
import golden from '../e2e/golden/train_model_first_losses.json';

const DATA = '.cache/train_model';
/**
 * |ours − PyTorch| ÷ PyTorch, at most, from this step: f32 sums in another order drift apart as training goes on.
 * Between the two stated limits the bound grows by the same factor a step.
 */
const LIMITS = { early: { steps: 50, relative: 1e-4 }, late: { steps: 200, relative: 1e-2 } } as const;
/** Steps between two lines of the table. */
const EVERY = 10;

await main();

async function main(): Promise<void> {
  const [steps = '200', driver] = process.argv.slice(2);
  const count = Math.min(Number(steps), golden.real.losses.length);
  if (driver !== undefined && driver !== 'swiftshader' && driver !== 'lavapipe')
    throw new Error(`replay_model: no driver '${driver}'. Next: name swiftshader or lavapipe, or none.`);
  const data = readData();
  using gpu = await openNode(driver ? { driver } : {});
  using model = await loadModel(gpu, data.folder);
  const recipe = { beta1: 0.9, beta2: 0.98, eps: 1e-8, weightDecay: 0.05, clipNorm: 1 };
  const lr = (step: number): number => golden.real.lr[step] as number;
  const table = makeTable();
  console.log('   steps       ours    PyTorch   worst relative error so far    limit  seconds');
  for await (const { step, loss } of trainLm(gpu, model, { ...recipe, lr }, data.batches(count)))
    table.add(step, loss, golden.real.losses[step] as number);
  console.log(
    `replay_model: ${count} steps, ${table.missed.length} beyond the limit ${table.missed.join(', ')}`,
  );
  if (table.missed.length > 0) process.exitCode = 1;
}

/** The largest relative error that step `step` (from 0) may have. */
function limitOf(step: number): number {
  const { early, late } = LIMITS;
  const share = Math.max(0, (step + 1 - early.steps) / (late.steps - early.steps));
  return early.relative * (late.relative / early.relative) ** Math.min(1, share);
}

interface Table {
  /** Steps beyond their limit, from 1. */
  readonly missed: number[];
  add(step: number, ours: number, expected: number): void;
}

/** Prints every tenth step with the worst error so far. */
function makeTable(): Table {
  const missed: number[] = [];
  const started = performance.now();
  let worst = 0;
  return {
    missed,
    add(step, ours, expected) {
      const error = Math.abs(ours - expected) / expected;
      worst = Math.max(worst, error);
      if (!(error <= limitOf(step))) missed.push(step + 1);
      if ((step + 1) % EVERY !== 0) return;
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      const cells = [ours.toFixed(6), expected.toFixed(6), worst.toExponential(1)];
      const limit = limitOf(step).toExponential(0);
      console.log(
        `${String(step + 1).padStart(8)} ${cells.map((c) => c.padStart(10)).join(' ')} ${limit.padStart(28)} ${seconds.padStart(8)}`,
      );
    },
  };
}

interface ReplayData {
  readonly folder: FolderSource;
  batches(count: number): Generator<LmBatch>;
}

function readData(): ReplayData {
  const { sizes, rows, batchTokens, sha256 } = golden.real;
  const init = checked('init.safetensors', sha256.init);
  // The record states the hashes of the steps it covers.
  const covered = rows.length * batchTokens;
  const tokens = new Uint16Array(checked('tokens.u16', sha256.tokens, 2 * covered).buffer);
  const weights = checked('weights.u8', sha256.weights, covered);
  const config = { model_type: 'gpt2', activation_function: 'gelu_new', ...sizes };
  const folder = droppedFiles([
    { name: 'config.json', blob: new Blob([JSON.stringify(config)]) },
    { name: 'model.safetensors', blob: new Blob([init]) },
  ]);
  return {
    folder,
    *batches(count) {
      for (let step = 0; step < count; step++) {
        const seq = rows[step] as number;
        const [from, to] = [step * batchTokens, (step + 1) * batchTokens];
        yield batchOf(tokens.subarray(from, to), weights.subarray(from, to), seq);
      }
    },
  };
}

/** The file's first `length` bytes, when they are those that PyTorch read; the copy is aligned for any element. */
function checked(name: string, sha256: string, length?: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(readFileSync(`${DATA}/${name}`).subarray(0, length));
  if (createHash('sha256').update(bytes).digest('hex') !== sha256)
    throw new Error(
      `replay_model: ${DATA}/${name} is not the file of the recorded run. Next: npm run train:model -- --init-only.`,
    );
  return bytes;
}
