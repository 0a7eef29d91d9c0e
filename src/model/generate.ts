import { WorkbenchError } from '#base/errors.ts';
import type { Rng } from '#base/rng.ts';
import type { Gpu } from '#gpu/device.ts';
import type { LanguageModel, RunOptions, Workspace } from './model.ts';

export interface GenerateOptions {
  /** The prompt, BOS included; at least one id. */
  readonly ids: readonly number[];
  /** New tokens at most; generation ends at n_ctx. */
  readonly tokens: number;
  /** 0 or absent: the likeliest token, ties to the lower id. */
  readonly temperature?: number | undefined;
  /** Needed when temperature > 0. */
  readonly rng?: Rng | undefined;
  readonly edit?: RunOptions['edit'];
  readonly signal?: AbortSignal | undefined;
}

/**
 * Yields each new id; returns prompt and continuation together.
 *
 * Every token re-runs the whole row (no key/value cache): positions stay where an edit put them, and rows are short.
 * @throws WorkbenchError('shape') for an empty prompt or one longer than n_ctx, or an id outside the vocabulary.
 */
export async function* generate(
  gpu: Gpu,
  model: LanguageModel,
  options: GenerateOptions,
): AsyncGenerator<number, readonly number[], void> {
  const { temperature = 0, rng, edit, signal } = options;
  const { n_ctx, d_vocab } = model.config;
  const ids = [...options.ids];
  if (ids.length === 0 || ids.length > n_ctx || ids.some((id) => !(id >= 0 && id < d_vocab)))
    throw new WorkbenchError(
      'shape',
      `generate: ${ids.length} ids; 1 to ${n_ctx} below ${d_vocab} are expected`,
    );
  if (temperature > 0 && !rng) throw new WorkbenchError('internal', 'generate: a temperature needs an rng');
  const end = Math.min(n_ctx, ids.length + options.tokens);
  using ws = model.workspace({ batch: 1, seq: Math.max(end - 1, ids.length) });
  while (ids.length < end) {
    if (signal?.aborted) throw new WorkbenchError('cancelled', 'Generation was cancelled.');
    const logits = await lastLogits(gpu, { model, ws, ids, edit });
    const next = temperature > 0 && rng ? sample(logits, temperature, rng) : likeliest(logits);
    ids.push(next);
    yield next;
  }
  return ids;
}

async function lastLogits(
  gpu: Gpu,
  call: { model: LanguageModel; ws: Workspace; ids: readonly number[]; edit: RunOptions['edit'] },
): Promise<Float32Array> {
  const { model, ws, ids, edit } = call;
  using s = gpu.scope('generate');
  const tokens = s.upload('tokens', [1, ids.length], 'u32', Uint32Array.from(ids));
  const rec = gpu.record('generate');
  const run = model.forward(rec, ws, tokens, edit ? { edit } : {});
  const logits = model.logits(rec, run, { from: ids.length - 1, count: 1 });
  await rec.submit();
  // The next token depends on this one, so the loop waits here.
  return gpu.readF32(logits);
}

/** Index of the largest value; ties to the lower index. */
export function likeliest(logits: ArrayLike<number>): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if ((logits[id] as number) > (logits[best] as number)) best = id;
  return best;
}

/** One draw from softmax(logits / temperature), by one uniform number. */
export function sample(logits: ArrayLike<number>, temperature: number, rng: Rng): number {
  const top = logits[likeliest(logits)] as number;
  const weights = Array.from(logits, (x) => Math.exp((x - top) / temperature));
  let left = rng.uniform() * weights.reduce((a, b) => a + b, 0);
  for (let id = 0; id < weights.length; id++) {
    left -= weights[id] as number;
    if (left < 0) return id;
  }
  return likeliest(logits);
}
