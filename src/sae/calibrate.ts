import { WorkbenchError } from '#base/errors.ts';
import { matmul } from '#gpu/ops/linear.ts';
import { rows, view } from '#gpu/tensor.ts';
import { prepareBatch } from './ops/decode.ts';
import { thetaBins, thetaFromBins } from './ops/theta.ts';
import type { Run } from './run.ts';
import type { ActivationRows } from './sae.ts';

/** Tokens of the pass; a shorter job has no more than its own (decision 24). */
const TOKENS = 100_000;

/**
 * Sets theta so that L0 equals k: one pass over at least 100 k further tokens of the source (or as many as the job has)
 * counts positive pre_acts by size, and theta is the quantile (decision 24). Waits for the GPU once, at its end.
 *
 * @returns false when the variant has no such theta, or the source has no batch left; theta stays the running mean.
 * @throws WorkbenchError('cancelled') when the signal fires.
 */
export async function calibrateTheta(
  run: Run,
  signal: AbortSignal,
  between: (() => Promise<void>) | undefined,
): Promise<boolean> {
  const kind = run.variant.theta;
  if (kind !== 'shared' && kind !== 'each') return false;
  const { batch, d_sae, slots } = run.shape;
  const wanted = Math.ceil(Math.min(TOKENS, run.job.tokens) / batch);
  const bins = run.space.u32('theta_bins');
  const clear = run.gpu.record('theta');
  clear.clear(bins);
  await clear.submit();
  let done = 0;
  for (; done < wanted; done++) {
    await between?.();
    if (signal.aborted) throw new WorkbenchError('cancelled', 'Training was cancelled.');
    const input = await run.source.next(batch, signal);
    if (!input) break;
    await countBatch(run, kind, input);
  }
  if (done === 0) return false;
  const k = run.variant.sparsity?.(run.cfg, d_sae) ?? slots;
  const weights = kind === 'each' ? await run.gpu.readU32(run.space.u32('quotas')) : undefined;
  const counts = await run.gpu.readU32(bins);
  run.gpu.write(run.space.f32('theta'), thetaFromBins(counts, kind, d_sae, k * done * batch, weights));
  return true;
}

async function countBatch(run: Run, kind: 'shared' | 'each', { x }: ActivationRows): Promise<void> {
  const { space, cfg } = run;
  const { batch, d_sae } = run.shape;
  const [xs, xc] = [space.f32('xs'), space.f32('xc')];
  const rec = run.gpu.record('theta');
  prepareBatch(rec, {
    x,
    fromRow: 0,
    scale: run.scale,
    b_dec: space.b_dec.w,
    xs,
    xc,
    p: cfg.applyBDecToInput,
  });
  for (let from = 0; from < batch; from += space.chunkRows) {
    const count = Math.min(space.chunkRows, batch - from);
    const pre_acts = view(space.f32('pre_acts'), { shape: [count, d_sae] });
    matmul(rec, {
      layout: 'NT',
      a: rows(xc, from, count),
      b: space.W_enc.w,
      bias: space.b_enc.w,
      out: pre_acts,
    });
    thetaBins(rec, { kind, pre_acts, bins: space.u32('theta_bins') });
  }
  await rec.submit();
}
