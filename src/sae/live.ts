import { gatherRows } from '#gpu/ops/rows.ts';
import type { Tensor } from '#gpu/tensor.ts';
import { deadLimit } from './dead.ts';
import { encodeRows, type HostCode } from './inference.ts';
import { prepareBatch } from './ops/decode.ts';
import type { Run } from './run.ts';
import type { Sae } from './sae.ts';
import { densityStart } from './schedule.ts';
import { padded, stateTensors } from './space.ts';
import { densityOf, foldedWeights } from './train_result.ts';
import type { ActRuleSpec } from './variant.ts';
import type { SaeWeights } from './weights.ts';

/** How often the features of a running SAE fire on the tokens it is trained on, [d_sae] each. */
export interface LiveCounts {
  /** Share of tokens on which the feature fired: since the start, in the last fifth of a run since that began. */
  readonly density: Float32Array;
  /** Training tokens since it last fired; the tokens of the whole run when it never did. */
  readonly quietTokens: Float64Array;
  /** True when it has been quiet for longer than the run's dead window. */
  readonly dead: readonly boolean[];
}

/**
 * The SAE of a run as its buffers hold it after all submitted steps. Reading changes nothing that the run computes with.
 * Ask between two pulls of the trainer, or while it waits in `yieldToInteractive`; its buffers are gone when it returns.
 */
export interface LiveSae {
  readonly d_in: number;
  readonly d_sae: number;
  /** Steps submitted, and the tokens of them. */
  readonly step: number;
  readonly tokens: number;
  /** The rule of inference at this step, with the thresholds that the run has so far. */
  readonly actRule: ActRuleSpec;
  /** Some features as an SAE of their own in model units, in the order asked for; d_sae is their number. */
  rowsOf(features: readonly number[]): Promise<SaeWeights>;
  /** The k largest of all features for each row of x [n, d_in] (model units): what a 'topk' rule needs. Waits for the GPU. */
  encodeTopk(x: Tensor<'f32'>, k: number): Promise<HostCode>;
  counts(): Promise<LiveCounts>;
}

/** What a row of an SAE's encoder and decoder is made of; moments and statistics are left where they are. */
const PARAMETERS = ['W_enc', 'b_enc', 'W_dec', 'b_dec', 'theta', 'b_gate', 'b_mag', 'r_mag'] as const;

/** The live SAE of a run. */
export function liveSae(run: Run): LiveSae {
  const { d_in, d_sae, batch } = run.shape;
  return {
    d_in,
    d_sae,
    get step() {
      return run.step;
    },
    get tokens() {
      return run.step * batch;
    },
    get actRule() {
      return run.variant.actRule(run.cfg);
    },
    rowsOf: (features) => rowsOf(run, features),
    encodeTopk: (x, k) => encodeTopk(run, x, k),
    counts: () => counts(run),
  };
}

async function rowsOf(run: Run, features: readonly number[]): Promise<SaeWeights> {
  const tensors = new Map<string, Float32Array<ArrayBuffer>>();
  const named = stateTensors(run.shape);
  for (const name of PARAMETERS) {
    const shape = named[name]?.[0];
    if (shape) tensors.set(name, await pick(run, name, features));
  }
  const { d_in, seed } = { ...run.shape, ...run.job };
  const meta = {
    ...{ version: 1 as const, variant: run.variant.id, config: {}, d_in, d_sae: features.length },
    ...{ batch: run.shape.batch, steps: run.steps, seed, step: run.step, scale: run.scale },
    ...{ position: { block: 0, row: 0 }, kernels: run.kernels },
  };
  return foldedWeights({ meta, tensors }, run.variant.actRule(run.cfg), run.cfg);
}

/** The entries of some features of a parameter; b_dec belongs to all of them. */
async function pick(run: Run, name: string, features: readonly number[]): Promise<Float32Array<ArrayBuffer>> {
  const { gpu } = run;
  const table = run.space.f32(name);
  if (name === 'b_dec') return gpu.readF32(table);
  if (table.shape.length === 1) {
    const all = await gpu.readF32(table);
    return Float32Array.from(features, (f) => all[f] as number);
  }
  using scope = gpu.scope('live');
  const idx = scope.upload('idx', [features.length], 'u32', Uint32Array.from(features));
  const out = scope.tensor('rows', [features.length, table.shape[1] as number], 'f32');
  const rec = gpu.record('live/rows');
  gatherRows(rec, { table, idx, out });
  await rec.submit();
  return gpu.readF32(out);
}

async function encodeTopk(run: Run, x: Tensor<'f32'>, k: number): Promise<HostCode> {
  const { gpu, space } = run;
  const n = x.shape[0] as number;
  const d_pad = padded(run.shape.d_in);
  using scope = gpu.scope('live');
  const xs = scope.tensor('xs', [n, d_pad], 'f32');
  const rec = gpu.record('live/prepare');
  // The centred copy is not needed here: `encodeRows` subtracts b_dec as inference does.
  const xc = scope.tensor('xc', [n, d_pad], 'f32');
  prepareBatch(rec, { x, fromRow: 0, b_dec: space.b_dec.w, xs, xc, scale: run.scale, p: false });
  await rec.submit();
  return encodeRows(gpu, inTrainingUnits(run, k), xs);
}

/** The run's own buffers as an SAE over s·x, columns padded; it owns nothing. */
function inTrainingUnits({ space, cfg, shape, variant }: Run, k: number): Sae {
  return {
    ...{ id: 'running', site: '', variant: variant.id, excludedPositions: [] },
    ...{ d_in: padded(shape.d_in), d_sae: shape.d_sae, applyBDecToInput: cfg.applyBDecToInput },
    actRule: { kind: 'topk', k },
    ...{ W_enc: space.W_enc.w, b_enc: space.b_enc.w, W_dec: space.W_dec.w, b_dec: space.b_dec.w },
    [Symbol.dispose]: () => undefined,
  };
}

async function counts(run: Run): Promise<LiveCounts> {
  const { gpu, space, step } = run;
  const { batch } = run.shape;
  const [fired, last] = await Promise.all([
    gpu.readU32(space.u32('fired')),
    gpu.readU32(space.u32('last_fired')),
  ]);
  const tensors = new Map([['fired', fired]]);
  const limit = deadLimit(step + 1, run.window);
  return {
    density: densityOf({ meta: { step, batch }, tensors }, densityStart(run.steps)),
    quietTokens: Float64Array.from(last, (at) => Math.max(0, step - at) * batch),
    dead: Array.from(last, (at) => at < limit),
  };
}
