import { WorkbenchError } from '#base/errors.ts';

type A = Float32Array<ArrayBuffer>;

/** The encoder of a gated SAE as it was trained. Rows are features. */
export interface GatedEncoder {
  /** [d_sae, d_in] */
  readonly W_enc: A;
  /** [d_sae] */
  readonly b_gate: A;
  /** [d_sae] */
  readonly b_mag: A;
  /** [d_sae], a logarithm: the magnitude path is exp(r_mag)·p + b_mag. */
  readonly r_mag: A;
}

/**
 * A gated encoder as a threshold rule, exactly (decision 3): W_enc' = W_enc·exp(r_mag), b_enc' = b_mag and
 * theta = max(0, b_mag − exp(r_mag)·b_gate), since the gate p + b_gate > 0 says exp(r_mag)·p + b_mag > theta.
 *
 * @throws WorkbenchError('format') when exp(r_mag) overflows float32. Gated SAEs: Rajamanoharan 2024, arXiv 2404.16014.
 */
export function foldGated(gated: GatedEncoder, d_in: number): { W_enc: A; b_enc: A; theta: A } {
  const scale = Float64Array.from(gated.r_mag, Math.exp);
  const theta = gated.b_mag.map((b, f) =>
    Math.max(0, b - (scale[f] as number) * (gated.b_gate[f] as number)),
  );
  const W_enc = gated.W_enc.map((v, i) => v * (scale[Math.floor(i / d_in)] as number));
  const bad = theta.findIndex((v) => !Number.isFinite(v));
  const worst = bad >= 0 ? bad : Math.floor(W_enc.findIndex((v) => !Number.isFinite(v)) / d_in);
  if (worst >= 0)
    throw new WorkbenchError(
      'format',
      `Gated SAE: exp(r_mag) of feature ${worst} overflows (r_mag = ${gated.r_mag[worst]}).`,
      { hint: 'Train the SAE again with a lower learning rate, or choose another.' },
    );
  return { W_enc, b_enc: gated.b_mag.slice(), theta };
}
