import { matmul } from '#gpu/ops/linear.ts';
import type { Recorder } from '#gpu/recorder.ts';
import { rows, type Tensor, view } from '#gpu/tensor.ts';
import { selectAux, updateDensities } from './aux_step.ts';
import type { SaeConfig } from './config.ts';
import { type AdamStep, adamBDec, adamBEnc, adamRows, biasPull } from './ops/adam.ts';
import { decodeAux, decodeSparse, prepareBatch } from './ops/decode.ts';
import { type Penalty, penaltyRows, penaltySlopes } from './ops/penalty.ts';
import { decodePrefixes, prefixEnd } from './ops/prefixes.ts';
import { batchStats, columnStats, stepEnd } from './ops/stats.ts';
import { thetaEma } from './ops/theta.ts';
import { dzMark, fillPairs, fireStats, scanCounts } from './ops/transpose.ts';
import { codeRows, type StepSpace } from './space.ts';
import type { SaeStep, SaeVariant } from './variant.ts';

/** What differs from one step to the next; all of it is known when the step is recorded. */
export interface StepCall {
  /** 1-based. */
  readonly step: number;
  readonly adam: AdamStep;
  /** A feature is dead for this step's AuxK when its last firing came before this step; 0: none is. */
  readonly deadLimit: number;
  /** The same for the step after, which this one's metrics count. */
  readonly nextDeadLimit: number;
  /** Slot of the metrics ring. */
  readonly slot: number;
  /** Rows of activations; absent: xs and xc already hold the batch. */
  readonly input?: { readonly x: Tensor<'f32'>; readonly fromRow: number; readonly scale: number };
  /** Gradients by x; row fromRow of g belongs to the first row of the batch. */
  readonly gradient?: SaeStep['gradient'];
  /** Steps of the run; default `step`. */
  readonly steps?: number;
}

/** What a variant sees of a step, but for the chunk. */
export function stepOf<C extends SaeConfig>(
  space: StepSpace,
  cfg: C,
  call: StepCall,
): Omit<SaeStep<C>, 'pre_acts' | 'score' | 'chunk'> {
  const { batch: n, d_in, d_sae } = space.shape;
  return {
    cfg,
    shape: space.shape,
    n,
    d_in,
    d_sae,
    params: { W_enc: space.W_enc.w, b_enc: space.b_enc.w, W_dec: space.W_dec.w, b_dec: space.b_dec.w },
    code: space.code,
    step: call.step,
    steps: call.steps ?? call.step,
    adam: call.adam,
    gradient: call.gradient,
    f32: space.f32,
    u32: space.u32,
  };
}

function prepare(rec: Recorder, space: StepSpace, cfg: SaeConfig, { input }: StepCall): void {
  if (!input) return;
  const [xs, xc] = [space.f32('xs'), space.f32('xc')];
  prepareBatch(rec, { ...input, b_dec: space.b_dec.w, xs, xc, p: cfg.applyBDecToInput });
}

/** Only the errors: xs and err[0 .. n) = recon − x of a batch, by the selection of that step; nothing is trained. */
export function recordErrors<C extends SaeConfig>(
  rec: Recorder,
  space: StepSpace,
  variant: SaeVariant<C>,
  cfg: C,
  call: StepCall,
): void {
  prepare(rec, space, cfg, call);
  encodeAndSelect(rec, space, variant, cfg, call);
  const [W_dec, b_dec] = [space.W_dec.w, space.b_dec.w];
  decodeSparse(rec, { W_dec, b_dec, x: space.f32('xs'), code: space.code, err: space.f32('err'), scale: 1 });
}

/** pre_acts of one chunk of rows after another; the variant and AuxK choose from them before they are overwritten. */
function encodeAndSelect<C extends SaeConfig>(
  rec: Recorder,
  space: StepSpace,
  variant: SaeVariant<C>,
  cfg: C,
  call: StepCall,
): void {
  const { batch, d_sae, k_aux } = space.shape;
  const shared = stepOf(space, cfg, call);
  for (let from = 0; from < batch; from += space.chunkRows) {
    const count = Math.min(space.chunkRows, batch - from);
    const pre_acts = view(space.f32('pre_acts'), { shape: [count, d_sae] });
    matmul(rec, {
      layout: 'NT',
      a: rows(space.f32('xc'), from, count),
      b: space.W_enc.w,
      bias: space.b_enc.w,
      out: pre_acts,
    });
    const step: SaeStep<C> = { ...shared, pre_acts, score: pre_acts, chunk: { from, count } };
    const score = variant.score?.(rec, step) ?? pre_acts;
    variant.allocate(rec, { ...step, score });
    if (k_aux > 0) selectAux(rec, space, step, call.deadLimit);
  }
}

/** Errors of the batch, and of AuxK or the open gates: err [rows, d_pad] = gradient of the loss by each reconstruction. */
function reconstruct(rec: Recorder, space: StepSpace, cfg: SaeConfig, call: StepCall): void {
  const { batch, k_aux, gate, zipf = false } = space.shape;
  const [err, scalars] = [space.f32('err'), space.f32('scalars')];
  const { ends = [] } = space.shape;
  const decode = { W_dec: space.W_dec.w, b_dec: space.b_dec.w, x: space.f32('xs'), code: space.code, err };
  if (ends.length > 0) decodePrefixes(rec, { ...decode, row_loss: space.f32('row_loss'), ends });
  else decodeSparse(rec, { ...decode, scale: 2 / batch });
  columnStats(rec, { err, x: space.f32('xc'), part: space.f32('part'), fromRow: 0, withX: true });
  batchStats(rec, {
    part: space.f32('part'),
    err_sum: space.f32('err_sum'),
    scalars,
    n: batch,
    auxWeight: cfg.auxWeight,
    always: zipf && call.deadLimit > 0,
  });
  if (ends.length > 0) sumPrefixes(rec, space);
  if (k_aux === 0 && !gate) return;
  if (gate) decodeSparse(rec, { ...decode, scale: 2 / batch, fromRow: batch });
  else decodeAux(rec, { W_dec: space.W_dec.w, code: space.code, scalars, err, n: batch });
  columnStats(rec, {
    err,
    x: space.f32('xc'),
    part: space.f32('aux_part'),
    fromRow: batch,
    withX: false,
  });
}

/** Gradient by b_dec of nested prefixes, and their loss; the sums of the whole dictionary's error are used up. */
function sumPrefixes(rec: Recorder, space: StepSpace): void {
  const part = space.f32('part');
  columnStats(rec, {
    err: space.f32('err'),
    x: space.f32('xc'),
    part,
    fromRow: codeRows(space.shape),
    withX: false,
  });
  prefixEnd(rec, {
    part,
    row_loss: space.f32('row_loss'),
    err_sum: space.f32('err_sum'),
    scalars: space.f32('scalars'),
  });
}

/** dz of every selected pair, firing statistics, and the pairs by feature. */
function transposePairs(rec: Recorder, space: StepSpace, step: number, penalty: Penalty | undefined): void {
  const { code } = space;
  const [dz, bits, start] = [space.f32('dz'), space.u32('bits'), space.u32('start')];
  const { batch: n, ends = [] } = space.shape;
  dzMark(rec, { W_dec: space.W_dec.w, err: space.f32('err'), code, dz, bits, prefixes: { ends, n } });
  if (penalty) penaltySlopes(rec, { W_dec: space.W_dec.w, norm: space.f32('dec_norm'), code, dz, penalty });
  fireStats(rec, {
    bits,
    start,
    hits: space.u32('hits'),
    last_fired: space.u32('last_fired'),
    fired: space.u32('fired'),
    n,
    step,
  });
  scanCounts(rec, start);
  fillPairs(rec, {
    code,
    dz,
    bits,
    start,
    by_val: space.u32('by_val'),
    by_dz: space.u32('by_dz'),
    rows: (code.rowStart.shape[0] as number) - 1,
    n,
    ends,
  });
}

/** Gradients and Adam: biases first, since b_dec's gradient needs W_enc as it was. */
function update<C extends SaeConfig>(
  rec: Recorder,
  space: StepSpace,
  variant: SaeVariant<C>,
  cfg: C,
  { adam }: StepCall,
): void {
  const pull = variant.penalty !== undefined;
  const [start, scalars, g_b_enc] = [space.u32('start'), space.f32('scalars'), space.f32('g_b_enc')];
  const byVal = { start, pairs: space.u32('by_val') };
  const byDz = { start, pairs: space.u32('by_dz') };
  const part = cfg.applyBDecToInput ? space.f32('pull') : undefined;
  const bias = variant.fixedBEnc ? { ...adam, lr: 0 } : adam;
  adamBEnc(rec, { list: byDz, scalars, param: space.b_enc, g_b_enc, bits: space.u32('bits'), adam: bias });
  if (part) biasPull(rec, { g_b_enc, W_enc: space.W_enc.w, part });
  adamBDec(rec, {
    err_sum: space.f32('err_sum'),
    part,
    scalars,
    param: space.b_dec,
    g_b_dec: space.f32('g_b_dec'),
    adam,
  });
  const common = { scalars, row_norm: space.f32('row_norm'), norm: cfg.clip > 0, adam };
  adamRows(rec, {
    ...common,
    source: space.f32('err'),
    list: byVal,
    param: space.W_dec,
    normAt: 0,
    project: cfg.unitNorm,
    pull,
  });
  adamRows(rec, {
    ...common,
    source: space.f32('xc'),
    list: byDz,
    param: space.W_enc,
    normAt: space.shape.d_sae,
    project: false,
  });
}

/**
 * Records one training step of a sparse variant: encode, select, decode, gradients, Adam, metrics (decision 1).
 *
 * Loss = (1/n) Σ ‖recon − x‖² + auxWeight·AuxK. About 15 dispatches and nothing read back; the same recording gives
 * the same bits on one adapter. Everything after the encoder costs in proportion to the selected pairs.
 */
export function recordSparseStep<C extends SaeConfig>(
  rec: Recorder,
  space: StepSpace,
  variant: SaeVariant<C>,
  cfg: C,
  call: StepCall,
): void {
  prepare(rec, space, cfg, call);
  encodeAndSelect(rec, space, variant, cfg, call);
  reconstruct(rec, space, cfg, call);
  const penalty = variant.penalty?.(cfg, {
    step: call.step,
    steps: call.steps ?? call.step,
    n: space.shape.batch,
  });
  transposePairs(rec, space, call.step, penalty);
  if (penalty)
    penaltyRows(rec, {
      norm: space.f32('dec_norm'),
      start: space.u32('start'),
      pairs: space.u32('by_val'),
      pull: space.f32('row_norm'),
      sums: space.f32('penalty'),
      scalars: space.f32('scalars'),
      penalty,
    });
  const whole = {
    ...stepOf(space, cfg, call),
    pre_acts: space.f32('pre_acts'),
    score: space.f32('pre_acts'),
    chunk: { from: 0, count: space.shape.batch },
  };
  variant.beforeUpdate?.(rec, whole);
  update(rec, space, variant, cfg, call);
  if (variant.theta === 'shared' || variant.theta === 'each')
    thetaEma(rec, {
      kind: variant.theta,
      start: space.u32('start'),
      hits: space.u32('hits'),
      pairs: space.u32('by_val'),
      theta: space.f32('theta'),
      theta_sum: space.f32('theta_sum'),
      theta_weight: space.f32('theta_weight'),
    });
  updateDensities(rec, space, cfg, call.step);
  variant.afterStep?.(rec, whole);
  stepEnd(rec, {
    row_norm: space.f32('row_norm'),
    g_b_enc: space.f32('g_b_enc'),
    g_b_dec: space.f32('g_b_dec'),
    last_fired: space.u32('last_fired'),
    hits: space.u32('hits'),
    aux_part: space.shape.k_aux > 0 ? space.f32('aux_part') : undefined,
    scalars: space.f32('scalars'),
    ring: space.f32('ring'),
    n: space.shape.batch,
    slot: call.slot,
    deadLimit: call.nextDeadLimit,
    clip: cfg.clip,
  });
}
