import { WorkbenchError } from '#base/errors.ts';
import type { GpuCaps } from '#gpu/device.ts';
import { bucketBytes } from '#gpu/pool.ts';
import { byteSize } from '#gpu/tensor.ts';
import { type ConfigValue, resolveConfig, type SaeConfig } from './config.ts';
import { thetaScratch, thetaState } from './ops/theta.ts';
import { type StepShape, scratchTensors, stateTensors } from './space.ts';
import type { SaeVariant } from './variant.ts';
import { variantOf } from './variants/index.ts';

/** What to train, resolved by the caller from the protocol's TrainJob. */
export interface SaeJob {
  readonly variant: string;
  /** Fields left out take the variant's defaults. */
  readonly config: Readonly<Record<string, ConfigValue>>;
  readonly d_sae: number;
  /** Training tokens in all; steps = floor(tokens ÷ batch). */
  readonly tokens: number;
  /** Tokens a step. */
  readonly batch: number;
  readonly seed: number;
}

/** Whether a job fits this adapter, and what it takes. */
export interface SaePlan {
  readonly fits: boolean;
  /** Why not, and the largest that fits. */
  readonly refusal?: string | undefined;
  readonly gpuBytes: number;
  readonly checkpointBytes: number;
  readonly steps: number;
}

/** A checked job with everything that follows from it. */
export interface ResolvedJob {
  readonly job: SaeJob;
  readonly variant: SaeVariant;
  readonly cfg: SaeConfig;
  readonly shape: StepShape;
  readonly steps: number;
  readonly chunkRows: number;
  readonly ringSlots: number;
}

/** Steps that one submit may hold: slots of the metrics ring. */
export const RING_SLOTS = 32;
/** pre_acts of one chunk of rows take at most this. */
const CHUNK_BYTES = 128 * 2 ** 20;
/** Chunks start at multiples of 64 rows, so that windows of f32 rows are bindable whatever d_in is. */
const CHUNK_ALIGN = 64;
/** Rows of one dispatch dimension. */
const MAX_BATCH = 32_768;

function wholeNumber(name: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 1 || value > max)
    throw new WorkbenchError(
      'format',
      `Training: ${name} = ${value} is not a whole number from 1 to ${max}.`,
    );
}

/**
 * Checks a job and fills in its config.
 * @throws WorkbenchError('format') naming the field that is wrong.
 */
export function resolveJob(caps: Pick<GpuCaps, 'maxBindingBytes'>, job: SaeJob, d_in: number): ResolvedJob {
  const variant = variantOf(job.variant);
  const cfg = resolveConfig<SaeConfig>(variant.id, variant.fields, job.config);
  wholeNumber('d_in', d_in, 65_536);
  wholeNumber('d_sae', job.d_sae, 2 ** 24);
  wholeNumber('batch', job.batch, MAX_BATCH);
  const { d_sae, batch } = job;
  const steps = Math.floor(job.tokens / batch);
  const refusal = variant.refuse?.(cfg, { d_in, d_sae, batch, steps });
  if (refusal) throw new WorkbenchError('format', `${variant.title}: ${refusal}`);
  if (!(steps >= 1))
    throw new WorkbenchError('format', `Training: ${job.tokens} tokens make no step of ${batch} tokens.`, {
      hint: 'Choose more tokens or a smaller batch.',
    });
  const shape = shapeOf(variant, cfg, { batch, d_in, d_sae });
  const fit = Math.floor(Math.min(CHUNK_BYTES, caps.maxBindingBytes) / (4 * d_sae));
  const chunkRows =
    fit >= batch || variant.wholeBatch
      ? batch
      : Math.max(CHUNK_ALIGN, Math.floor(fit / CHUNK_ALIGN) * CHUNK_ALIGN);
  return { job, variant, cfg, shape, steps, chunkRows: Math.min(batch, chunkRows), ringSlots: RING_SLOTS };
}

/** Sizes of a variant's steps, its own tensors included. */
export function shapeOf(
  variant: SaeVariant,
  cfg: SaeConfig,
  { batch, d_in, d_sae }: Pick<StepShape, 'batch' | 'd_in' | 'd_sae'>,
): StepShape {
  const aux = (cfg.dead === 'auxk' || cfg.dead === 'aux_zipf') && cfg.auxWeight > 0;
  const k_aux = aux ? Math.min(d_sae, cfg.k_aux || Math.max(1, Math.floor(d_in / 2))) : 0;
  const zipf = cfg.dead === 'aux_zipf' && k_aux > 0;
  const sizes: StepShape = {
    batch,
    d_in,
    d_sae,
    slots: variant.slots(cfg, d_sae),
    k_aux,
    ends: variant.prefixes?.(cfg, d_sae),
    density: zipf || variant.density,
    zipf,
    gate: variant.gate,
    resample: cfg.dead === 'resample',
    scored: variant.score !== undefined,
  };
  const own = {
    state: { ...thetaState(variant.theta, d_sae), ...variant.state?.(cfg, sizes) },
    scratch: { ...thetaScratch(variant.theta, d_sae), ...variant.scratch?.(cfg, sizes) },
  };
  return { ...sizes, own };
}

interface Sizes {
  readonly total: number;
  readonly state: number;
  readonly largest: { readonly name: string; readonly bytes: number };
}

function sizesOf(r: ResolvedJob): Sizes {
  const bytes = (named: ReturnType<typeof stateTensors>): [string, number][] =>
    Object.entries(named).map(([name, [shape, dtype]]) => [name, bucketBytes(byteSize(shape, dtype))]);
  const state = bytes(stateTensors(r.shape));
  const all = [...state, ...bytes(scratchTensors(r.shape, r))];
  const sum = (list: readonly [string, number][]): number => list.reduce((s, [, b]) => s + b, 0);
  const [name, most] = all.reduce((a, b) => (b[1] > a[1] ? b : a));
  return { total: sum(all), state: sum(state), largest: { name, bytes: most } };
}

type Budget = Pick<GpuCaps, 'maxBindingBytes' | 'maxBufferBytes' | 'plannedBytes'>;

/** Why these sizes do not fit; undefined when they do. */
function misfit(caps: Budget, s: Sizes): string | undefined {
  const mb = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;
  const limit = Math.min(caps.maxBindingBytes, caps.maxBufferBytes);
  if (s.largest.bytes > limit)
    return `its largest buffer (${s.largest.name}) takes ${mb(s.largest.bytes)}; this adapter binds at most ${mb(limit)}`;
  if (s.total > caps.plannedBytes)
    return `it takes ${mb(s.total)} on the GPU; at most ${mb(caps.plannedBytes)} are planned on this adapter`;
  return undefined;
}

/** The largest value of one field, in steps of 64, for which the job fits; 0 when none does. */
function largest(caps: Budget, job: SaeJob, d_in: number, field: 'd_sae' | 'batch'): number {
  const fits = (units: number): boolean => {
    const smaller = { ...job, [field]: units * 64, tokens: Number.MAX_SAFE_INTEGER };
    try {
      return misfit(caps, sizesOf(resolveJob(caps, smaller, d_in))) === undefined;
    } catch {
      return false; // below what the variant takes
    }
  };
  let low = 0;
  let high = Math.floor(job[field] / 64);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low * 64;
}

/**
 * Bytes and steps of a job, before anything is allocated.
 * @throws WorkbenchError('format') on a bad config.
 */
export function planSae(gpu: { readonly caps: Budget }, job: SaeJob, d_in: number): SaePlan {
  const resolved = resolveJob(gpu.caps, job, d_in);
  const sizes = sizesOf(resolved);
  const why = misfit(gpu.caps, sizes);
  const plan = { gpuBytes: sizes.total, checkpointBytes: sizes.state + 4096, steps: resolved.steps };
  if (!why) return { fits: true, ...plan };
  const [d_sae, batch] = [largest(gpu.caps, job, d_in, 'd_sae'), largest(gpu.caps, job, d_in, 'batch')];
  const options = [
    ...(d_sae > 0 ? [`d_sae ${d_sae} at batch ${job.batch}`] : []),
    ...(batch > 0 ? [`batch ${batch} at d_sae ${job.d_sae}`] : []),
  ];
  const hint = options.length > 0 ? ` The largest that fits: ${options.join(', or ')}.` : '';
  return {
    fits: false,
    refusal: `d_sae ${job.d_sae} with batch ${job.batch} does not fit: ${why}.${hint}`,
    ...plan,
  };
}
