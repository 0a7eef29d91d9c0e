import { dims } from '#base/dims.ts';
import { WorkbenchError } from '#base/errors.ts';
import type { Gpu } from '#gpu/device.ts';
import { defineKernel } from '#gpu/kernel.ts';
import { flatGrid } from '#gpu/ops/grid.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Scope } from '#gpu/scope.ts';
import { rows, type Tensor, view } from '#gpu/tensor.ts';
import type { HookEdit } from '#model/model.ts';
import { denseActs, encodePreActs } from '#sae/inference.ts';
import type { Sae } from '#sae/sae.ts';
import source from '#shaders/analysis/feature_edit.wgsl?raw';
import flatId from '#shaders/lib/flat_id.wgsl?raw';
import { asRows } from './site.ts';
import { encodeChunk, type SiteEdit } from './splice.ts';

type F = Tensor<'f32'>;

/** One change of one feature; the protocol's Edit without the SAE's id. */
export interface FeatureEdit {
  readonly feature: number;
  readonly op: 'scale' | 'clamp' | 'add' | 'ablate';
  readonly value?: number | undefined;
  /** Heads whose slice of the decoder row is written; absent: all. */
  readonly heads?: readonly number[] | undefined;
  /** Positions counted with BOS; absent: all. */
  readonly positions?: readonly number[] | undefined;
}

export const featureEditKernel = defineKernel({
  name: 'analysis/feature_edit',
  source,
  lib: [flatId],
  tensors: ['x', 'acts', 'dirs', 'edits', 'masks', 'out'],
  params: ['n', 'd_in', 'd_sae', 'edits', 'seq', 'n_heads', 'mask_width', 'from_row'],
  grid: ({ n, d_in }) => flatGrid(n * d_in),
  doc: 'out = x + Σ (act′ − act)·W_dec[feature] over edits, heads and positions; the reconstruction error stays.',
});

/** Edits as the kernel reads them. */
export interface EditTensors {
  /** [edits, 3]: feature, op, bits of value. */
  readonly edits: Tensor<'u32'>;
  /** [edits, n_heads + positions] flags. */
  readonly masks: Tensor<'u32'>;
  /** Decoder rows [edits, d_in]. */
  readonly dirs: F;
}

/** out = x + Σ_e masked (act' − act)·dirs[e]. x, out [n, d_in]; acts [n, d_sae]; rows start at `fromRow` of the run. */
export function applyFeatureEdits(
  rec: Recorder,
  t: EditTensors & { x: F; acts: F; out: F; seq: number; n_heads: number; fromRow: number },
): void {
  const { x, acts, dirs, edits, masks, out } = t;
  const sizes = dims('applyFeatureEdits', {
    x: [x, 'n d_in'],
    acts: [acts, 'n d_sae'],
    dirs: [dirs, 'edits d_in'],
    edits: [edits, 'edits 3'],
    masks: [masks, 'edits mask_width'],
    out: [out, 'n d_in'],
  });
  const { seq, n_heads } = t;
  rec.run(featureEditKernel, {
    tensors: { x, acts, dirs, edits, masks, out },
    params: { ...sizes, seq, n_heads, from_row: t.fromRow },
  });
}

/** Sizes of the runs that the edits serve. */
export interface FeatureEditSizes {
  readonly batch: number;
  readonly seq: number;
  /** Heads that the site's width divides into; 1 for a site without heads. */
  readonly n_heads: number;
}

/**
 * z' = z + Σ_e (acts'_e − acts)·W_dec[e] over the masked heads and positions: the SAE's error is kept.
 *
 * Every edit is measured from the clean act, and edits add up. scale: acts·value, clamp: value, add: acts + value,
 * ablate: 0. All positions may be edited, excluded ones too.
 * @throws WorkbenchError('shape') for a feature or head that does not exist, or an op without its value.
 */
export function featureEdit(
  gpu: Gpu,
  sae: Sae,
  edits: readonly FeatureEdit[],
  sizes: FeatureEditSizes,
): SiteEdit {
  for (const e of edits) checkEdit(sae, e, sizes.n_heads);
  const n = sizes.batch * sizes.seq;
  const chunk = encodeChunk(gpu, sae, n);
  const s = gpu.scope('feature edit');
  const packed = edits.length > 0 ? packEdits(s, sae, edits, sizes) : undefined;
  const xc = s.tensor('xc', [chunk, sae.d_in], 'f32');
  const pre_acts = s.tensor('pre_acts', [chunk, sae.d_sae], 'f32');
  const acts = s.tensor('acts', [chunk, sae.d_sae], 'f32');
  const out = s.tensor('edited', [n, sae.d_in], 'f32');
  const edit: HookEdit = (rec, act) => {
    if (!packed) return act;
    packed.copyRows(rec);
    const x = asRows(act, sae.d_in);
    const count = x.shape[0] as number;
    for (let from = 0; from < count; from += chunk) {
      const rowsHere = Math.min(chunk, count - from);
      const part = { x: rows(x, from, rowsHere), acts: rows(acts, 0, rowsHere) };
      const pre = rows(pre_acts, 0, rowsHere);
      encodePreActs(rec, sae, { x: part.x, xc: rows(xc, 0, rowsHere), pre_acts: pre });
      denseActs(rec, sae, { pre_acts: pre, acts: part.acts });
      const to = rows(out, from, rowsHere);
      const seq = act.shape[1] as number;
      applyFeatureEdits(rec, {
        ...packed,
        ...part,
        out: to,
        seq,
        n_heads: sizes.n_heads,
        fromRow: from,
      });
    }
    return view(rows(out, 0, count), { shape: act.shape });
  };
  return { edit, [Symbol.dispose]: () => s[Symbol.dispose]() };
}

function checkEdit(sae: Sae, e: FeatureEdit, n_heads: number): void {
  if (!(Number.isInteger(e.feature) && e.feature >= 0 && e.feature < sae.d_sae))
    throw new WorkbenchError('shape', `edit: no feature ${e.feature} of ${sae.d_sae}`);
  if (e.op !== 'ablate' && !Number.isFinite(e.value))
    throw new WorkbenchError('shape', `edit: ${e.op} of feature ${e.feature} has no value`);
  const bad = e.heads?.find((h) => !(h >= 0 && h < n_heads));
  if (bad !== undefined) throw new WorkbenchError('shape', `edit: no head ${bad} of ${n_heads}`);
}

const OPS = { scale: 0, clamp: 1, add: 2, ablate: 1 } as const;

/** The edits on the GPU. `copyRows` records the copies of their decoder rows, which may be trained on meanwhile. */
function packEdits(
  s: Scope,
  sae: Sae,
  edits: readonly FeatureEdit[],
  sizes: FeatureEditSizes,
): EditTensors & { readonly copyRows: (rec: Recorder) => void } {
  const { n_heads, seq } = sizes;
  const words = new Uint32Array(edits.length * 3);
  const values = new Float32Array(words.buffer);
  const masks = new Uint32Array(edits.length * (n_heads + seq));
  for (const [e, edit] of edits.entries()) {
    words[3 * e] = edit.feature;
    words[3 * e + 1] = OPS[edit.op];
    values[3 * e + 2] = edit.op === 'ablate' ? 0 : (edit.value as number);
    const at = e * (n_heads + seq);
    for (let h = 0; h < n_heads; h++) masks[at + h] = edit.heads && !edit.heads.includes(h) ? 0 : 1;
    for (let p = 0; p < seq; p++)
      masks[at + n_heads + p] = edit.positions && !edit.positions.includes(p) ? 0 : 1;
  }
  const dirs = s.tensor('dirs', [edits.length, sae.d_in], 'f32');
  return {
    edits: s.upload('edits', [edits.length, 3], 'u32', words),
    masks: s.upload('masks', [edits.length, n_heads + seq], 'u32', masks),
    dirs,
    copyRows: (rec) => {
      for (const [e, { feature }] of edits.entries()) rec.copy(rows(sae.W_dec, feature, 1), rows(dirs, e, 1));
    },
  };
}
