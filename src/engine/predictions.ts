import type { Gpu } from '#gpu/device.ts';
import type { LanguageModel, Run } from '#model/model.ts';
import { pieceOf } from './inputs.ts';
import type { LoadedModel } from './loaded_model.ts';
import type { NextToken, PromptReport } from './protocol/prompts.ts';

const NEXT_TOKENS = 10;

/** What the model predicts at each position of a prompt. */
export type Predictions = Pick<PromptReport, 'nats' | 'loss' | 'next' | 'entropy'>;

interface Row {
  /** log p of every token. */
  readonly logp: Float32Array;
  readonly top: readonly NextToken[];
  readonly entropy: number;
}

/** log softmax with the maximum taken off first, sums in f64. */
function readRow(model: LoadedModel, logits: Float32Array): Row {
  let max = -Infinity;
  for (const v of logits) if (v > max) max = v;
  let sum = 0;
  for (const v of logits) sum += Math.exp(v - max);
  const lse = max + Math.log(sum);
  const logp = new Float32Array(logits.length);
  let entropy = 0;
  for (let v = 0; v < logits.length; v++) {
    const lp = (logits[v] as number) - lse;
    logp[v] = lp;
    entropy -= Math.exp(lp) * lp;
  }
  const top = largest(logits, NEXT_TOKENS).map((id) => ({
    id,
    piece: pieceOf(model, id),
    p: Math.exp(logp[id] as number),
    logit: logits[id] as number,
  }));
  return { logp, top, entropy };
}

/** Indexes of the `count` largest values, largest first, ties to the lower index. */
function largest(values: Float32Array, count: number): number[] {
  const best: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const v = values[i] as number;
    if (best.length === count && v <= (values[best[count - 1] as number] as number)) continue;
    let at = best.length;
    while (at > 0 && v > (values[best[at - 1] as number] as number)) at--;
    best.splice(at, 0, i);
    if (best.length > count) best.pop();
  }
  return best;
}

/** Logits of rows [from, from + count), in pieces that one call of the model may give. The asker of the prompt waits. */
export async function* readLogits(
  gpu: Gpu,
  lm: LanguageModel,
  run: Run,
): AsyncGenerator<
  { readonly from: number; readonly count: number; readonly data: Float32Array<ArrayBuffer> },
  void,
  void
> {
  for (let from = 0; from < run.seq; from += lm.logitsChunk) {
    const count = Math.min(lm.logitsChunk, run.seq - from);
    const rec = gpu.record('logits');
    const logits = lm.logits(rec, run, { from, count });
    await rec.submit();
    yield { from, count, data: await gpu.readF32(logits) };
  }
}

class Collector {
  readonly nats: Float32Array;
  readonly entropy: Float32Array;
  readonly next: (readonly NextToken[])[] = [];
  readonly #ids: readonly number[];
  readonly #model: LoadedModel;
  constructor(model: LoadedModel, ids: readonly number[]) {
    this.#model = model;
    this.#ids = ids;
    this.nats = new Float32Array(ids.length).fill(Number.NaN);
    this.entropy = new Float32Array(ids.length);
  }
  add(pos: number, logits: Float32Array): Float32Array {
    const { logp, top, entropy } = readRow(this.#model, logits);
    const target = this.#ids[pos + 1];
    if (target !== undefined) this.nats[pos + 1] = -(logp[target] as number);
    this.next.push(top);
    this.entropy[pos] = entropy;
    return logp;
  }
  done(): Predictions {
    const { nats, entropy, next } = this;
    return { nats, entropy, next, loss: meanLoss(nats) };
  }
}

/** Mean of nats[1..]; NaN for fewer than two tokens. */
export function meanLoss(nats: Float32Array): number {
  if (nats.length < 2) return Number.NaN;
  let sum = 0;
  for (let i = 1; i < nats.length; i++) sum += nats[i] as number;
  return sum / (nats.length - 1);
}

/** Predictions at every position of a run. */
export async function predict(
  gpu: Gpu,
  model: LoadedModel,
  run: Run,
  ids: readonly number[],
): Promise<Predictions> {
  const collector = new Collector(model, ids);
  const { d_vocab } = model.config;
  for await (const { from, count, data } of readLogits(gpu, model.lm, run))
    for (let i = 0; i < count; i++) collector.add(from + i, data.subarray(i * d_vocab, (i + 1) * d_vocab));
  return collector.done();
}

/** Predictions of two runs of one prompt, and KL(clean ‖ edited) at each position, nats. */
export async function predictBoth(
  gpu: Gpu,
  model: LoadedModel,
  runs: { readonly clean: Run; readonly edited: Run },
  ids: readonly number[],
): Promise<{ readonly clean: Predictions; readonly edited: Predictions; readonly kl: Float32Array }> {
  const clean = new Collector(model, ids);
  const edited = new Collector(model, ids);
  const kl = new Float32Array(ids.length);
  const { d_vocab } = model.config;
  const others = readLogits(gpu, model.lm, runs.edited);
  for await (const { from, count, data } of readLogits(gpu, model.lm, runs.clean)) {
    const other = (await others.next()).value?.data as Float32Array;
    for (let i = 0; i < count; i++) {
      const p = clean.add(from + i, data.subarray(i * d_vocab, (i + 1) * d_vocab));
      const q = edited.add(from + i, other.subarray(i * d_vocab, (i + 1) * d_vocab));
      let sum = 0;
      for (let v = 0; v < d_vocab; v++)
        sum += Math.exp(p[v] as number) * ((p[v] as number) - (q[v] as number));
      kl[from + i] = Math.max(0, sum);
    }
  }
  return { clean: clean.done(), edited: edited.done(), kl };
}
