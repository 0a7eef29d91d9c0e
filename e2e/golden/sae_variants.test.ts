import { expect, test } from 'vitest';
import type { Tensor } from '#gpu/tensor.ts';
import { testGpu } from '#gpu/testing.ts';
import { type Checkpoint, readCheckpoint } from '#sae/checkpoint.ts';
import type { ConfigValue } from '#sae/config.ts';
import { resolveJob } from '#sae/job.ts';
import { largestRemainder, zipfShares } from '#sae/ops/quotas.ts';
import type { ActivationSource } from '#sae/sae.ts';
import { padded, stateTensors } from '#sae/space.ts';
import { type SaeJob, type SaeTrainEvent, trainSae } from '#sae/train.ts';
import { VARIANTS } from '#sae/variants/index.ts';

// Float64 runs of an independent reference, and of the field's library where it has the variant: see
// scripts/golden/sae_variants/make.py. Each goes through our own trainer from a checkpoint at step 0.
const gpu = await testGpu();
type A = Float32Array<ArrayBuffer>;

interface Golden {
  readonly library: string | { readonly library: string };
  readonly variant: string;
  readonly n: number;
  readonly d_in: number;
  readonly d_sae: number;
  readonly steps: number;
  readonly seed: number;
  readonly gradient: boolean;
  readonly norm: 'unit' | 'mixed';
  readonly config: Readonly<Record<string, ConfigValue>>;
  /** Per step. */
  readonly series: Readonly<Record<'loss' | 'mse' | 'norm' | 'l0', readonly number[]>> & {
    readonly aux?: readonly number[];
    readonly gate?: readonly number[];
    readonly off_topk?: readonly number[];
  };
  /** Running means of the smallest kept act, for variants that select k a token. */
  readonly theta: { readonly shared?: number; readonly each?: readonly number[] };
  /** Feature Choice: tokens of a batch that each feature may have. */
  readonly quotas?: readonly number[];
  /** Values of own parameters before the first step. */
  readonly start: Readonly<Record<string, readonly number[]>>;
  /** Parameters after the last step; rows are features. */
  readonly params: Readonly<Record<string, readonly number[]>>;
}

const FILES = import.meta.glob<Golden>('./sae_variants/*.json', { eager: true, import: 'default' });
const CASES = Object.entries(FILES).map(([path, golden]) => ({
  name: path.slice('./sae_variants/'.length, -'.json'.length),
  golden,
}));

/** The generator of the script: 24-bit numbers, exact in f32. */
function draw(seed: number, count: number, scale = 1): A {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 8) / 2 ** 23 - 1) * scale;
  });
}

/** Rows of the given norms, padded with zeros to whole vec4s. */
function rowsOf(values: A, d_in: number, norms: (row: number) => number): A {
  const d_pad = padded(d_in);
  const out = new Float32Array((values.length / d_in) * d_pad);
  for (let row = 0; row * d_in < values.length; row++) {
    const own = values.subarray(row * d_in, (row + 1) * d_in);
    const size = Math.sqrt(own.reduce((sum, v) => sum + v * v, 0));
    own.forEach((v, i) => {
      out[row * d_pad + i] = (v / size) * norms(row);
    });
  }
  return out;
}

/** What initial() of scripts/golden/sae_variants/cases.py starts from, by name. */
function startOf(g: Golden): ReadonlyMap<string, A> {
  const { d_in, d_sae } = g;
  const mixed = draw(5, d_sae, 0.5).map((v) => v + 1);
  const b_dec = new Float32Array(padded(d_in));
  b_dec.set(draw(3, d_in, 1 / 4));
  const rows = draw(1, d_sae * d_in);
  return new Map([
    ['W_enc', rowsOf(rows, d_in, () => 1)],
    ['W_dec', rowsOf(rows, d_in, (row) => (g.norm === 'mixed' ? (mixed[row] as number) : 1))],
    // A gated SAE has biases of its own.
    ...(g.params['b_enc'] ? [['b_enc', draw(2, d_sae, 1 / 8)] as const] : []),
    ['b_dec', b_dec],
    // The first gradient is not clipped: there is no step before.
    ['scalars', Float32Array.of(1)],
    ...(g.quotas ? [['quotas', Float32Array.from(g.quotas)] as const] : []),
    ...Object.entries(g.start).map(([name, values]): [string, A] => [name, Float32Array.from(values)]),
  ]);
}

/** A checkpoint before the first step. */
function beginning(g: Golden, job: SaeJob): Checkpoint {
  const resolved = resolveJob(gpu.caps, job, g.d_in);
  const start = startOf(g);
  const tensors = new Map<string, A | Uint32Array<ArrayBuffer>>();
  for (const [name, [shape, dtype]] of Object.entries(stateTensors(resolved.shape))) {
    const size = shape.reduce((a, b) => a * b, 1);
    const data = dtype === 'u32' ? new Uint32Array(size) : new Float32Array(size);
    data.set(start.get(name) ?? []);
    tensors.set(name, data);
  }
  const { d_in, d_sae, n: batch, steps } = g;
  const kernels = { class: gpu.caps.class, chunkRows: resolved.chunkRows };
  const meta = { version: 1 as const, variant: g.variant, config: { ...resolved.cfg }, kernels };
  const at = { step: 0, scale: 1, position: { block: 0, row: 0 }, seed: job.seed };
  return { meta: { ...meta, d_in, d_sae, batch, steps, ...at }, tensors };
}

/** The batches of the script, one after another: batch i is written when it is asked for. */
function sourceOf(golden: Golden, x: Tensor<'f32'>, g: Tensor<'f32'>): ActivationSource {
  const { seed, steps, n: batch, d_in, gradient } = golden;
  let step = 0;
  return {
    d_in,
    hasGradient: gradient,
    get position() {
      return { block: 0, row: step * batch };
    },
    async next(n) {
      if (step === steps || n !== batch) return undefined;
      gpu.write(x, draw(seed + step, n * d_in, 2));
      gpu.write(g, draw(seed + 500 + step++, n * d_in, 1 / 4));
      return gradient ? { x, g } : { x };
    },
  };
}

/** Every step's event and the state after the last. */
async function run(g: Golden): Promise<{ steps: SaeTrainEvent[]; last: Checkpoint }> {
  const { n, d_in, d_sae, steps } = g;
  const job = { variant: g.variant, config: g.config, d_sae, tokens: steps * n, batch: n, seed: 1 };
  using s = gpu.scope('golden');
  const x = s.tensor('x', [n, d_in], 'f32');
  const gradient = s.tensor('g', [n, d_in], 'f32');
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  const sink = {
    write: async (_: number, b: Uint8Array<ArrayBuffer>) => {
      bytes = b;
    },
  };
  const options = { resume: beginning(g, job), maxStepsPerSubmit: 1, checkpointSeconds: 0 };
  const events: SaeTrainEvent[] = [];
  for await (const e of trainSae(
    gpu,
    job,
    sourceOf(g, x, gradient),
    sink,
    new AbortController().signal,
    options,
  ))
    if (e.type === 'step') events.push(e);
  if (!bytes) throw new Error('the run left no checkpoint');
  return { steps: events, last: await readCheckpoint(bytes) };
}

/** Rows without their padding. */
const unpadded = (data: A, d_in: number): A => data.filter((_, i) => i % padded(d_in) < d_in);

function expectSeries(g: Golden, events: readonly SaeTrainEvent[]): void {
  const compare = (
    name: 'loss' | 'mse' | 'aux' | 'gate' | 'gradNorm' | 'l0',
    want: readonly number[],
  ): void =>
    events.forEach((e, i) => {
      const metrics = e.type === 'step' ? e.metrics : undefined;
      const got = (name === 'gate' ? metrics?.figures[name] : metrics?.[name]) ?? Number.NaN;
      const off = Math.abs(got - (want[i] as number));
      // f32 sums of 363 squares, of parameters that are off by up to 1e-6 after some steps: 2.5e-7 is seen.
      expect(off, `${name} of step ${i + 1}: ${got}, expected ${want[i]}`).toBeLessThan(
        2e-6 * Math.abs(want[i] as number) + 1e-6,
      );
    });
  expect(events.length).toBe(g.steps);
  compare('loss', g.series.loss);
  compare('mse', g.series.mse);
  compare('gradNorm', g.series.norm);
  compare('l0', g.series.l0);
  if (g.series.aux) compare('aux', g.series.aux);
  if (g.series.gate) compare('gate', g.series.gate);
  // The share is counted on every sixteenth step and stands until the next.
  g.series.off_topk?.forEach((_, i, all) => {
    const want = all[i - (i % 16)] as number;
    const e = events[i];
    const got = e?.type === 'step' ? e.metrics.figures['offTopk'] : undefined;
    // A ratio of counts: f32 rounds it once.
    expect(Math.abs((got ?? Number.NaN) - want), `offTopk of step ${i + 1}: ${got}`).toBeLessThan(1e-6);
  });
}

function expectParams(g: Golden, last: Checkpoint): void {
  for (const [name, want] of Object.entries(g.params)) {
    const data = last.tensors.get(name);
    if (!(data instanceof Float32Array)) throw new Error(`the checkpoint has no tensor ${name}`);
    const got = name === 'b_enc' || Object.hasOwn(g.start, name) ? data : unpadded(data, g.d_in);
    expect(got.length, name).toBe(want.length);
    const worst = got.reduce((m, v, i) => Math.max(m, Math.abs(v - (want[i] as number))), 0);
    // A five hundredth of one step: Adam divides by sqrt(v), so small gradients count; a third of a thousandth is seen.
    expect(worst, name).toBeLessThan(Number(g.config['lr']) / 500);
  }
}

/** The running thresholds of the checkpoint, where the variant keeps any. */
function expectTheta(g: Golden, last: Checkpoint): void {
  const kind = VARIANTS.find((v) => v.id === g.variant)?.theta;
  if (kind !== 'shared' && kind !== 'each') return;
  const [sum, weight] = [last.tensors.get('theta_sum'), last.tensors.get('theta_weight')];
  if (!sum || !weight) throw new Error('the checkpoint has no running thresholds');
  sum.forEach((v, f) => {
    const got = v / Math.max(weight[f] as number, 1e-30);
    const want = (kind === 'shared' ? g.theta.shared : g.theta.each?.[f]) as number;
    // Acts of parameters that are off by up to 1e-6, sums of 11 products.
    expect(Math.abs(got - want), `theta of feature ${f}: ${got}, expected ${want}`).toBeLessThan(5e-6);
  });
}

test('every variant has a golden run', () => {
  const golden = new Set(CASES.map((c) => c.golden.variant));
  for (const { id } of VARIANTS) expect(golden.has(id), `no golden run of ${id}`).toBe(true);
});

for (const { name, golden } of CASES.filter((c) => c.golden.quotas !== undefined))
  test(`${name}: quotas by largest remainder are those of the reference`, () => {
    const { config, n, d_sae, quotas } = golden;
    const [s, q] = [Number(config['zipfS'] ?? 0), Number(config['zipfQ'] ?? 0)];
    const total = Number(config['k']) * n;
    expect(Array.from(largestRemainder(zipfShares({ s, q }, d_sae), total, 1, n))).toEqual(quotas);
  });

for (const { name, golden } of CASES.filter((c) => VARIANTS.some((v) => v.id === c.golden.variant))) {
  const by = typeof golden.library === 'string' ? 'a float64 reference' : golden.library.library;
  test(`${name} follows ${by} for twenty steps`, async () => {
    const { steps, last } = await run(golden);
    expectSeries(golden, steps);
    expectParams(golden, last);
    expectTheta(golden, last);
  });
}
