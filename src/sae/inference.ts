import type { Gpu } from '#gpu/device.ts';
import { matmul } from '#gpu/ops/linear.ts';
import { addRow } from '#gpu/ops/rows.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Scope } from '#gpu/scope.ts';
import { rows, type Tensor, view } from '#gpu/tensor.ts';
import { decodeRows, thresholdCode, thresholdDense } from './ops/infer.ts';
import { selectTopk, topkDense } from './ops/select.ts';
import type { Sae, SparseCode } from './sae.ts';

type F = Tensor<'f32'>;

const thetaOf = (sae: Sae): F | undefined =>
  sae.actRule.kind === 'threshold' ? sae.actRule.theta : undefined;

/**
 * pre_acts[n, d_sae] = (x − p·b_dec)·W_encᵀ + b_enc. x [n, d_in]; xc [n, d_in] is scratch (unused when p = 0).
 * Keep n so that pre_acts stays under the binding limit: `chunkRows`.
 */
export function encodePreActs(rec: Recorder, sae: Sae, t: { x: F; xc: F; pre_acts: F }): void {
  if (sae.applyBDecToInput) addRow(rec, { x: t.x, row: sae.b_dec, alpha: -1, out: t.xc });
  const a = sae.applyBDecToInput ? t.xc : t.x;
  matmul(rec, { layout: 'NT', a, b: sae.W_enc, bias: sae.b_enc, out: t.pre_acts });
}

/** acts[n, d_sae] = actRule(pre_acts), dense; acts is another buffer than pre_acts. */
export function denseActs(rec: Recorder, sae: Sae, t: { pre_acts: F; acts: F }): void {
  if (sae.actRule.kind === 'topk') topkDense(rec, { ...t, k: Math.min(sae.actRule.k, sae.d_sae) });
  else thresholdDense(rec, { ...t, theta: thetaOf(sae) });
}

/**
 * Fills `code` from pre_acts [n, d_sae] by the SAE's rule; code.rowStart has n + 1 entries. Where entries exceed
 * code.cap the last ones are dropped; rowStart still counts them.
 */
export function selectCode(rec: Recorder, sae: Sae, t: { pre_acts: F; code: SparseCode }): void {
  if (sae.actRule.kind === 'topk') {
    const k = Math.min(sae.actRule.k, sae.d_sae);
    selectTopk(rec, { score: t.pre_acts, pre_acts: t.pre_acts, code: t.code, k, fromRow: 0 });
  } else thresholdCode(rec, { ...t, theta: thetaOf(sae) });
}

/** recon[n, d_in] = Σ val·W_dec[idx] + b_dec over the code of n rows. */
export function decodeCode(rec: Recorder, sae: Sae, t: { code: SparseCode; recon: F }): void {
  decodeRows(rec, { W_dec: sae.W_dec, b_dec: sae.b_dec, ...t });
}

/** A code for n rows of this SAE: k slots a row for topk, else `slots` (default 256, at most d_sae) a row. */
export function makeCode(scope: Scope, sae: Sae, n: number, slots = 256): SparseCode {
  const perRow = Math.min(sae.d_sae, sae.actRule.kind === 'topk' ? sae.actRule.k : slots);
  return codeOf(scope, n, Math.max(1, n * perRow));
}

const codeOf = (scope: Scope, n: number, cap: number): SparseCode => ({
  rowStart: scope.tensor('row_start', [n + 1], 'u32'),
  idx: scope.tensor('idx', [cap], 'u32'),
  val: scope.tensor('val', [cap], 'f32'),
  cap,
});

/** Rows of pre_acts that fit one binding (and `maxBytes`, default 64 MiB): a multiple of 64, so that windows bind. */
export function chunkRows(gpu: Gpu, sae: Sae, maxBytes = 64 * 2 ** 20): number {
  const fit = Math.floor(Math.min(maxBytes, gpu.caps.maxBindingBytes) / (4 * sae.d_sae));
  return Math.max(64, Math.min(65_472, Math.floor(fit / 64) * 64));
}

/** A code on the CPU: row t owns [rowStart[t], rowStart[t+1]); zero slots are dropped. */
export interface HostCode {
  readonly rowStart: Uint32Array;
  readonly idx: Uint32Array;
  readonly val: Float32Array;
}

/**
 * Encodes rows x [n, d_in] and reads the code back (one wait a chunk, by whoever shows it). Submits its own work.
 * A rule without bound (relu, threshold) gets as many slots as it needs: nothing is cut.
 */
export async function encodeRows(gpu: Gpu, sae: Sae, x: F): Promise<HostCode> {
  const n = x.shape[0] as number;
  const most = Math.min(n, chunkRows(gpu, sae));
  using scope = gpu.scope('encode');
  const xc = scope.tensor('xc', [most, sae.d_in], 'f32');
  const pre_acts = scope.tensor('pre_acts', [most, sae.d_sae], 'f32');
  const parts: HostCode[] = [];
  for (let from = 0; from < n; from += most) {
    const count = Math.min(most, n - from);
    const pre = view(pre_acts, { shape: [count, sae.d_sae] });
    const rec = gpu.record('encode');
    encodePreActs(rec, sae, { x: rows(x, from, count), xc: rows(xc, 0, count), pre_acts: pre });
    parts.push(await readCode(gpu, sae, rec, pre));
  }
  return joinCodes(parts);
}

/** Selects and reads; a code that overflowed is selected again with the room that rowStart asks for. */
async function readCode(gpu: Gpu, sae: Sae, rec: Recorder, pre_acts: F): Promise<HostCode> {
  const n = pre_acts.shape[0] as number;
  using scope = gpu.scope('code');
  let code = makeCode(scope, sae, n);
  selectCode(rec, sae, { pre_acts, code });
  await rec.submit();
  let rowStart = await gpu.readU32(code.rowStart);
  const needed = rowStart[n] as number;
  if (needed > code.cap) {
    code = codeOf(scope, n, needed);
    const again = gpu.record('encode again');
    selectCode(again, sae, { pre_acts, code });
    await again.submit();
    rowStart = await gpu.readU32(code.rowStart);
  }
  if (needed === 0) return { rowStart, idx: new Uint32Array(), val: new Float32Array() };
  return dropZeros({ rowStart, idx: await gpu.readU32(code.idx), val: await gpu.readF32(code.val) });
}

function dropZeros(code: HostCode): HostCode {
  const rowStart = new Uint32Array(code.rowStart.length);
  const keep: number[] = [];
  for (let row = 0; row + 1 < rowStart.length; row++) {
    for (let j = code.rowStart[row] as number; j < (code.rowStart[row + 1] as number); j++)
      if ((code.val[j] as number) > 0) keep.push(j);
    rowStart[row + 1] = keep.length;
  }
  return {
    rowStart,
    idx: Uint32Array.from(keep, (j) => code.idx[j] as number),
    val: Float32Array.from(keep, (j) => code.val[j] as number),
  };
}

function joinCodes(parts: readonly HostCode[]): HostCode {
  const [first] = parts;
  if (first && parts.length === 1) return first;
  const rowsOf = parts.reduce((sum, p) => sum + p.rowStart.length - 1, 0);
  const entries = parts.reduce((sum, p) => sum + p.idx.length, 0);
  const out = {
    rowStart: new Uint32Array(rowsOf + 1),
    idx: new Uint32Array(entries),
    val: new Float32Array(entries),
  };
  let [row, at] = [0, 0];
  for (const p of parts) {
    out.idx.set(p.idx, at);
    out.val.set(p.val, at);
    for (let r = 1; r < p.rowStart.length; r++) out.rowStart[row + r] = at + (p.rowStart[r] as number);
    row += p.rowStart.length - 1;
    at += p.idx.length;
  }
  return out;
}
