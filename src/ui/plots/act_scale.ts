/** Acts at or below this are drawn without a fill (convention 6 of the design's ui.md, from Neuronpedia). */
const VISIBLE_ACT = 5e-5;

/**
 * Background opacity of a token: 0.05 + 0.95·log10(1 + 9·v/max) for v > 5e-5, else 0. In 0..1.
 *
 * `max` is the maximum over the whole list, so that rows are comparable.
 */
export function actAlpha(v: number, max: number): number {
  if (!(v > VISIBLE_ACT) || !(max > 0)) return 0;
  return 0.05 + 0.95 * Math.log10(1 + 9 * Math.min(1, v / max));
}

/** Signed fill of a diverging scale: opacity |v|/max in 0..1, white at zero; `negative` also gets a hatch. */
export interface SignedFill {
  readonly alpha: number;
  readonly negative: boolean;
}
export function signedFill(v: number, max: number): SignedFill {
  if (!(max > 0) || !Number.isFinite(v)) return { alpha: 0, negative: false };
  return { alpha: Math.min(1, Math.abs(v) / max), negative: v < 0 };
}

/** Largest |v|; 0 of an empty list. Non-finite values are passed over. */
export function maxAbs(values: ArrayLike<number>): number {
  let max = 0;
  for (let i = 0; i < values.length; i++) {
    const a = Math.abs(values[i] as number);
    if (a > max && Number.isFinite(a)) max = a;
  }
  return max;
}
