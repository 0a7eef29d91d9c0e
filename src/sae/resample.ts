import type { Rng } from '#base/rng.ts';
import { view } from '#gpu/tensor.ts';
import { adamStep } from './ops/adam.ts';
import type { Run } from './run.ts';
import { lrOf, resamplings } from './schedule.ts';
import { padded } from './space.ts';
import { recordErrors } from './sparse_step.ts';

type A = Float32Array<ArrayBuffer>;

/** Batches from which inputs are drawn, at most; a short run gives at most a twentieth of its steps. */
const POOL = 100;
/** Norm of a new encoder row, as a share of the mean norm of the alive ones. */
const SHARE = 0.2;
/** A batch whose largest squared error is below this has nothing to learn: nothing is resampled. */
const LEAST_ERROR = 1e-6;
/** Firings in the window that count as none: 1e-6 of 51.2 M tokens; 0 in windows below 1 M tokens (decision 25). */
const CUTOFF = 51;
const SMALL_WINDOW = 1e6;
/** Slot of `scalars`, the last figure, with all resampled features so far. */
export const RESAMPLED_AT = 11;

/** An input drawn for a dead feature: a direction and the key by which it was drawn. */
interface Draw {
  readonly key: number;
  readonly row: A;
}

/** Features with at most the cutoff of firings in a window of `tokens`, ascending. */
export function deadFeatures(fired: ArrayLike<number>, before: ArrayLike<number>, tokens: number): number[] {
  const cutoff = tokens < SMALL_WINDOW ? 0 : CUTOFF;
  return Array.from({ length: fired.length }, (_, f) => f).filter(
    (f) => (fired[f] as number) - (before[f] as number) <= cutoff,
  );
}

/**
 * Keeps the `count` largest keys of ln(u) ÷ w: drawing without replacement with chances in proportion to w
 * (Efraimidis and Spirakis 2006), row by row, so that the pool need not be kept.
 */
export class WeightedDraw {
  readonly #rng: Rng;
  readonly #count: number;
  #kept: Draw[] = [];

  constructor(rng: Rng, count: number) {
    this.#rng = rng;
    this.#count = count;
  }

  /** Every row takes one number of the stream, whatever its weight; `row` is asked for only where it is kept. */
  offer(weight: number, row: () => A): void {
    const key = Math.log(Math.max(this.#rng.uniform(), 2 ** -33)) / weight;
    if (!(weight > 0)) return;
    if (this.#kept.length === this.#count && key <= (this.#kept.at(-1) as Draw).key) return;
    let [low, high] = [0, this.#kept.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#kept[middle] as Draw).key >= key) low = middle + 1;
      else high = middle;
    }
    this.#kept.splice(low, 0, { key, row: row() });
    if (this.#kept.length > this.#count) this.#kept.pop();
  }

  /** What was drawn, the first draw first. */
  get rows(): readonly A[] {
    return this.#kept.map((d) => d.row);
  }
}

/** Steps before which firings are counted anew, or dead features resampled. */
export const resampleHostSteps = (run: Pick<Run, 'cfg' | 'steps'>): number[] =>
  resamplings(run.cfg, run.steps).flatMap(({ from, at }) => [from + 1, at + 1]);

/** What is due before `step`; the number of features resampled, if it was a resampling. */
export async function resampleBefore(
  run: Run,
  step: number,
  rng: Rng,
  signal: AbortSignal,
): Promise<number | undefined> {
  const due = resamplings(run.cfg, run.steps);
  const { gpu, space } = run;
  const window = due.find(({ at }) => at + 1 === step);
  const done = window ? await resample(run, window.at - window.from, rng, signal) : undefined;
  if (due.some(({ from }) => from + 1 === step)) {
    const rec = gpu.record('resample/window');
    rec.copy(space.u32('fired'), space.u32('fired_before'));
    await rec.submit();
  }
  return done;
}

/** sae-training.md 2.4 (Kissane 2024): steps 1 to 5; the learning rate is schedule.ts's. */
async function resample(run: Run, windowSteps: number, rng: Rng, signal: AbortSignal): Promise<number> {
  const { gpu, space } = run;
  const fired = await gpu.readU32(space.u32('fired'));
  const before = await gpu.readU32(space.u32('fired_before'));
  const dead = deadFeatures(fired, before, windowSteps * run.shape.batch);
  const rows = dead.length > 0 ? await drawInputs(run, dead.length, rng, signal) : [];
  const reborn = dead.slice(0, rows.length);
  if (reborn.length === 0) return 0;
  await rewrite(run, reborn, rows, new Set(dead));
  const scalars = await gpu.readF32(space.f32('scalars'));
  scalars[RESAMPLED_AT] = (scalars[RESAMPLED_AT] as number) + reborn.length;
  gpu.write(space.f32('scalars'), scalars);
  return reborn.length;
}

/** x of the pool's rows, drawn with chances in proportion to the square of their squared error; none when all are tiny. */
async function drawInputs(run: Run, count: number, rng: Rng, signal: AbortSignal): Promise<readonly A[]> {
  const { gpu, space, shape } = run;
  const d_pad = padded(shape.d_in);
  const draw = new WeightedDraw(rng, count);
  const batches = Math.min(POOL, Math.max(1, Math.ceil(run.steps / 20)));
  for (let i = 0; i < batches; i++) {
    const input = await run.source.next(shape.batch, signal);
    if (!input) break;
    const step = run.step + 1;
    const rec = gpu.record('resample/pool');
    recordErrors(rec, space, run.variant, run.cfg, {
      ...{ step, steps: run.steps, slot: 0, deadLimit: 0, nextDeadLimit: 0 },
      adam: adamStep(step, { ...run.cfg, lr: lrOf(run, step) }),
      input: { x: input.x, fromRow: 0, scale: run.scale },
      gradient: input.g && { g: input.g, fromRow: 0 },
    });
    await rec.submit();
    // Resampling happens a few times a run, and the run stands still for it.
    const [err, xs] = [await gpu.readF32(space.f32('err')), await gpu.readF32(space.f32('xs'))];
    const errors = squaredRows(err, shape.batch, d_pad);
    if (Math.max(...errors) < LEAST_ERROR) return [];
    errors.forEach((e, t) => {
      draw.offer(e * e, () => xs.slice(t * d_pad, (t + 1) * d_pad));
    });
  }
  return draw.rows;
}

const squaredRows = (data: A, rows: number, width: number): number[] =>
  Array.from({ length: rows }, (_, t) =>
    data.subarray(t * width, (t + 1) * width).reduce((sum, v) => sum + v * v, 0),
  );

/** Rows of W_dec, columns of W_enc and biases of the features begin again, with the moments of exactly these at zero. */
async function rewrite(
  run: Run,
  features: readonly number[],
  rows: readonly A[],
  dead: ReadonlySet<number>,
): Promise<void> {
  const { gpu, space, variant, cfg } = run;
  const d_pad = padded(run.shape.d_in);
  const norm = SHARE * (await meanNorm(run, dead));
  const b_dec = await gpu.readF32(space.b_dec.w);
  const zero = new Float32Array(d_pad);
  features.forEach((f, i) => {
    const v = unit((rows[i] as A).map((x, c) => x - (b_dec[c] as number)));
    const at = { shape: [d_pad], byteOffset: 4 * f * d_pad };
    gpu.write(view(space.W_dec.w, at), v);
    gpu.write(
      view(space.W_enc.w, at),
      v.map((x) => x * norm),
    );
    for (const t of [space.W_dec.m, space.W_dec.v, space.W_enc.m, space.W_enc.v])
      gpu.write(view(t, at), zero);
  });
  for (const [name, first] of Object.entries({ b_enc: 0, ...variant.fresh?.(cfg) }))
    for (const [of, value] of [
      [name, first],
      [`${name}.m`, 0],
      [`${name}.v`, 0],
    ] as const) {
      const all = await gpu.readF32(space.f32(of));
      for (const f of features) all[f] = value;
      gpu.write(space.f32(of), all);
    }
}

/** Mean norm of the encoder rows that are not dead; of all of them when none is alive. */
async function meanNorm({ gpu, space }: Run, dead: ReadonlySet<number>): Promise<number> {
  const [d_sae, d_pad] = space.W_enc.w.shape as [number, number];
  const norms = squaredRows(await gpu.readF32(space.W_enc.w), d_sae, d_pad).map(Math.sqrt);
  const alive = dead.size < d_sae ? norms.filter((_, f) => !dead.has(f)) : norms;
  return alive.reduce((sum, v) => sum + v, 0) / alive.length;
}

function unit(v: A): A {
  const norm = Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));
  return v.map((x) => x / Math.max(norm, 1e-30));
}
