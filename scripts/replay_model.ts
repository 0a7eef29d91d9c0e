// node scripts/run.mjs replay_model [steps] [swiftshader|lavapipe]
// Our own trainer takes the first steps of the embedded model's training (default 50, at most 200) and compares its
// losses with those that PyTorch wrote into e2e/golden/train_model_first_losses.json. Needs the data that
// `npm run train:model -- --init-only` writes into .cache/train_model. Without a driver's name a real GPU is taken.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openNode } from '#gpu/open_node.ts';
import { droppedFiles, type FolderSource } from '#io/sources.ts';
import { type LmBatch, trainLm } from '#model/lm_train.ts';
import { loadModel } from '#model/load.ts';
import { batchOf } from '#text/storyland/curriculum_stream.ts';
import golden from '../e2e/golden/train_model_first_losses.json';

const DATA = '.cache/train_model';
/** Five times what an f32 run of PyTorch differs from another order of its sums over 50 steps. */
const TOLERANCE = 1e-4;

await main();

async function main(): Promise<void> {
  const [steps = '50', driver] = process.argv.slice(2);
  const count = Math.min(Number(steps), golden.real.losses.length);
  if (driver !== undefined && driver !== 'swiftshader' && driver !== 'lavapipe')
    throw new Error(`replay_model: no driver '${driver}'. Next: name swiftshader or lavapipe, or none.`);
  const data = readData();
  using gpu = await openNode(driver ? { driver } : {});
  using model = await loadModel(gpu, data.folder);
  const recipe = { beta1: 0.9, beta2: 0.98, eps: 1e-8, weightDecay: 0.05, clipNorm: 1 };
  const lr = (step: number): number => golden.real.lr[step] as number;
  const started = performance.now();
  let worst = 0;
  for await (const { step, loss } of trainLm(gpu, model, { ...recipe, lr }, data.batches(count))) {
    const expected = golden.real.losses[step] as number;
    worst = Math.max(worst, Math.abs(loss - expected));
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`step ${step}  ours ${loss.toFixed(6)}  PyTorch ${expected.toFixed(6)}  ${seconds} s`);
  }
  console.log(`replay_model: ${count} steps, largest difference ${worst.toExponential(1)} nats`);
  if (!(worst < TOLERANCE)) process.exitCode = 1;
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
