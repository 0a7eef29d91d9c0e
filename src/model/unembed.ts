import { WorkbenchError } from '#base/errors.ts';
import { fill } from '#gpu/ops/elementwise.ts';
import { matmul } from '#gpu/ops/linear.ts';
import { crossEntropy, crossEntropyBackward } from '#gpu/ops/loss.ts';
import { reduceColumns } from '#gpu/ops/reduce.ts';
import type { Recorder } from '#gpu/recorder.ts';
import { rows, size, type Tensor, view } from '#gpu/tensor.ts';
import type { ForwardRun, ModelParts } from './forward.ts';

type F = Tensor<'f32'>;

/** Logits of one chunk take at most this much, so that a vocabulary of 50,257 still leaves room (decision 9). */
const LOGITS_BYTES = 32 * 2 ** 20;
/** Windows of any f32 matrix, one-column ones included, may be bound when they start at multiples of 64 rows. */
const ROW_STEP = 64;

/** Rows of logits made at once: a multiple of 64 that stays below 32 MiB and the adapter's binding limit. */
export function logitsChunkOf(d_vocab: number, maxBindingBytes: number): number {
  const fit = Math.floor(Math.min(LOGITS_BYTES, maxBindingBytes) / (4 * d_vocab));
  return Math.max(ROW_STEP, Math.floor(fit / ROW_STEP) * ROW_STEP);
}

/** What the unembedding needs besides the run. */
export interface UnembedCall {
  readonly parts: ModelParts;
  readonly run: ForwardRun;
  readonly chunk: number;
}
interface Window {
  readonly from: number;
  readonly count: number;
}

function lastOf(run: ForwardRun): F {
  run.checkCurrent();
  if (run.last) return run.last;
  throw new WorkbenchError('internal', 'logits: the run stopped before its end');
}
const chunkTensor = (call: UnembedCall, name: string, window: Window, width: number): F => {
  const most = Math.min(call.chunk, call.run.workspace.rowCapacity);
  return call.run.workspace.fixed(name, [window.count, width], 'f32', most * width);
};
const chunkColumn = (call: UnembedCall, name: string, window: Window): F =>
  view(chunkTensor(call, name, window, 1), { shape: [window.count] });

/** logits[row, v] = Σ_d last[row, d]·W_U_T[v, d] (+ b_U[v]) of flattened rows from .. from + count. */
export function logitsOf(rec: Recorder, call: UnembedCall, window: Window): F {
  const { run, parts } = call;
  const last = lastOf(run);
  const { d_vocab, d_model, unembedBias } = parts.config;
  if (window.count < 1 || window.count > call.chunk || window.from + window.count > run.batch * run.seq)
    throw new WorkbenchError(
      'shape',
      `logits: rows ${window.from} to ${window.from + window.count} of ${run.batch * run.seq}; at most ${call.chunk} at once`,
    );
  let a = rows(last, window.from, window.count);
  if (a.byteOffset % 256 !== 0) {
    // A kernel cannot bind a window that starts here, so the rows are copied out.
    const aligned = chunkTensor(call, 'logits_rows', window, d_model);
    rec.copy(a, aligned);
    a = aligned;
  }
  const out = chunkTensor(call, 'logits', window, d_vocab);
  const bias = unembedBias ? { bias: parts.weight('b_U') } : {};
  matmul(rec, { layout: 'NT', a, b: parts.weight('W_U_T'), out, ...bias });
  return out;
}

function* windowsOf(call: UnembedCall): Generator<Window> {
  const n = call.run.batch * call.run.seq;
  for (let from = 0; from < n; from += call.chunk) yield { from, count: Math.min(call.chunk, n - from) };
}
const part = <D extends 'f32' | 'u32'>(t: Tensor<D>, { from, count }: Window): Tensor<D> =>
  view(t, { shape: [count], byteOffset: 4 * from });

function checkRows(run: ForwardRun, what: string, t: Tensor): void {
  if (size(t.shape) === run.batch * run.seq) return;
  throw new WorkbenchError('shape', `${what}: [${t.shape}] for a run of [${run.batch},${run.seq}]`);
}

/** nats[row] = −log p(targets[row]), chunk by chunk. */
export function recordCrossEntropy(
  rec: Recorder,
  call: UnembedCall,
  t: { readonly targets: Tensor<'u32'>; readonly nats: F },
): void {
  checkRows(call.run, 'crossEntropy targets', t.targets);
  checkRows(call.run, 'crossEntropy nats', t.nats);
  for (const window of windowsOf(call)) {
    const logits = logitsOf(rec, call, window);
    const lse = chunkColumn(call, 'lse', window);
    crossEntropy(rec, { logits, targets: part(t.targets, window), nats: part(t.nats, window), lse });
  }
}

/** Where the unembedding's gradients go; the weights' only when parameters are asked for. */
export interface UnembedGrads {
  /** [batch·seq, d_model], written whole. */
  readonly d_last: F;
  readonly d_W_U_T?: F | undefined;
  readonly d_b_U?: F | undefined;
}

/** Gradients of Σ weights·nats at the last activations and at the unembedding, chunk by chunk; returns the nats. */
export function backwardCrossEntropy(
  rec: Recorder,
  call: UnembedCall,
  seed: { readonly targets: Tensor<'u32'>; readonly weights: F },
  grads: UnembedGrads,
): F {
  checkRows(call.run, 'backward targets', seed.targets);
  checkRows(call.run, 'backward weights', seed.weights);
  const last = lastOf(call.run);
  const W_U_T = call.parts.weight('W_U_T');
  const nats = call.run.workspace.column('nats');
  for (const window of windowsOf(call)) {
    const { from, count } = window;
    const accumulate = from > 0;
    const logits = logitsOf(rec, call, window);
    const targets = part(seed.targets, window);
    const lse = chunkColumn(call, 'lse', window);
    crossEntropy(rec, { logits, targets, nats: part(nats, window), lse });
    const d_logits = chunkTensor(call, 'd_logits', window, call.parts.config.d_vocab);
    crossEntropyBackward(rec, { logits, targets, weights: part(seed.weights, window), lse, d_logits });
    matmul(rec, { layout: 'NN', a: d_logits, b: W_U_T, out: rows(grads.d_last, from, count) });
    if (grads.d_W_U_T)
      matmul(rec, { layout: 'TN', a: d_logits, b: rows(last, from, count), out: grads.d_W_U_T, accumulate });
    if (grads.d_b_U) reduceColumns(rec, { x: d_logits, out: grads.d_b_U, accumulate });
  }
  return nats;
}

/** Gradients of one logit: W_U_T[id] at its row, zero at all others. */
export function backwardLogit(
  rec: Recorder,
  call: UnembedCall,
  seed: { readonly id: number; readonly row: number },
  grads: UnembedGrads,
): void {
  const { run, parts } = call;
  const { d_vocab } = parts.config;
  if (!(seed.id >= 0 && seed.id < d_vocab && seed.row >= 0 && seed.row < run.batch * run.seq))
    throw new WorkbenchError('shape', `backward: no logit ${seed.id} at row ${seed.row}`);
  fill(rec, { value: 0, out: grads.d_last });
  rec.copy(rows(parts.weight('W_U_T'), seed.id, 1), rows(grads.d_last, seed.row, 1));
  if (grads.d_W_U_T) {
    fill(rec, { value: 0, out: grads.d_W_U_T });
    rec.copy(rows(lastOf(run), seed.row, 1), rows(grads.d_W_U_T, seed.id, 1));
  }
  if (grads.d_b_U) {
    const one = run.workspace.fixed('one', [1], 'f32');
    fill(rec, { value: 1, out: one });
    fill(rec, { value: 0, out: grads.d_b_U });
    rec.copy(one, view(grads.d_b_U, { shape: [1], byteOffset: 4 * seed.id }));
  }
}
