// Plain f64 loops of the SAE layer: the oracles of its kernels and of its step. Never tuned.

/** A code as lists: one entry per (row, feature) with val > 0, rows and features ascending. */
export interface Entry {
  readonly row: number;
  readonly f: number;
  readonly val: number;
}

/** The k largest positive scores of each row [n, d_sae], ties to the lower feature; val from pre_acts. */
export function selectTopkRef(
  score: ArrayLike<number>,
  t: {
    n: number;
    d_sae: number;
    k: number;
    pre_acts?: ArrayLike<number>;
    eligible?: (f: number) => boolean;
  },
): Entry[] {
  const out: Entry[] = [];
  for (let row = 0; row < t.n; row++) {
    const at = (f: number): number => score[row * t.d_sae + f] as number;
    const features = Array.from({ length: t.d_sae }, (_, f) => f).filter(
      (f) => at(f) > 0 && (t.eligible?.(f) ?? true),
    );
    features.sort((a, b) => at(b) - at(a) || a - b);
    for (const f of features.slice(0, t.k).sort((a, b) => a - b))
      out.push({ row, f, val: (t.pre_acts ?? score)[row * t.d_sae + f] as number });
  }
  return out;
}

/** Parameters of an SAE in f64; rows of W_enc and W_dec are features [d_sae, d_in]. */
export interface SaeRefParams {
  readonly W_enc: Float64Array;
  readonly b_enc: Float64Array;
  readonly W_dec: Float64Array;
  readonly b_dec: Float64Array;
}
export interface SaeRefConfig {
  readonly n: number;
  readonly d_in: number;
  readonly d_sae: number;
  readonly k: number;
  /** 0: no AuxK. */
  readonly k_aux: number;
  readonly auxWeight: number;
  /** p of the encoder input x − p·b_dec. */
  readonly p: number;
}
/** What a step holds constant: the selected pairs, AuxK's, and the residual that AuxK reconstructs. */
export interface SaeRefChoice {
  readonly entries: readonly Entry[];
  readonly aux: readonly Entry[];
  /** e = x − recon [n, d_in] before the step. */
  readonly residual: Float64Array;
}

/** pre_acts[n, d_sae] = (x − p·b_dec)·W_encᵀ + b_enc. */
export function preActsRef(x: ArrayLike<number>, w: SaeRefParams, c: SaeRefConfig): Float64Array {
  const out = new Float64Array(c.n * c.d_sae);
  for (let r = 0; r < c.n; r++)
    for (let f = 0; f < c.d_sae; f++) {
      let sum = w.b_enc[f]!;
      for (let i = 0; i < c.d_in; i++)
        sum += ((x[r * c.d_in + i] as number) - c.p * w.b_dec[i]!) * w.W_enc[f * c.d_in + i]!;
      out[r * c.d_sae + f] = sum;
    }
  return out;
}

/** recon[n, d_in] = Σ val·W_dec (+ b_dec). */
export function decodeRef(
  entries: readonly Entry[],
  w: SaeRefParams,
  c: SaeRefConfig,
  bias: boolean,
): Float64Array {
  const out = Float64Array.from({ length: c.n * c.d_in }, (_, i) => (bias ? w.b_dec[i % c.d_in]! : 0));
  for (const { row, f, val } of entries)
    for (let i = 0; i < c.d_in; i++) out[row * c.d_in + i]! += val * w.W_dec[f * c.d_in + i]!;
  return out;
}

/** The pairs that a step at these parameters selects; `dead` says which features AuxK may use. */
export function chooseRef(
  x: ArrayLike<number>,
  w: SaeRefParams,
  c: SaeRefConfig,
  dead: (f: number) => boolean,
): SaeRefChoice {
  const pre = preActsRef(x, w, c);
  const entries = selectTopkRef(pre, c);
  const aux = c.k_aux > 0 ? selectTopkRef(pre, { ...c, k: c.k_aux, eligible: dead }) : [];
  const residual = decodeRef(entries, w, c, true).map((v, i) => (x[i] as number) - v);
  return { entries, aux, residual };
}

/** Σ‖e − mean e‖² over the batch. */
export function spreadRef(e: ArrayLike<number>, c: { n: number; d_in: number }): number {
  let total = 0;
  for (let i = 0; i < c.d_in; i++) {
    let mean = 0;
    for (let r = 0; r < c.n; r++) mean += (e[r * c.d_in + i] as number) / c.n;
    for (let r = 0; r < c.n; r++) total += ((e[r * c.d_in + i] as number) - mean) ** 2;
  }
  return total;
}

/** The loss at `w` with the choice of a step held constant (acts follow w): mse summed over d_in, and AuxK's ratio. */
export function lossRef(
  x: ArrayLike<number>,
  w: SaeRefParams,
  c: SaeRefConfig,
  choice: SaeRefChoice,
): { mse: number; aux: number; loss: number } {
  const pre = preActsRef(x, w, c);
  const again = (list: readonly Entry[]): Entry[] =>
    list.map(({ row, f }) => ({ row, f, val: Math.max(0, pre[row * c.d_sae + f]!) }));
  const recon = decodeRef(again(choice.entries), w, c, true);
  const auxRecon = decodeRef(again(choice.aux), w, c, false);
  let mse = 0;
  let aux = 0;
  for (let i = 0; i < recon.length; i++) {
    mse += (recon[i]! - (x[i] as number)) ** 2 / c.n;
    aux += (auxRecon[i]! - choice.residual[i]!) ** 2;
  }
  aux = choice.aux.length > 0 ? aux / spreadRef(choice.residual, c) : 0;
  return { mse, aux, loss: mse + c.auxWeight * aux };
}

/** Gradients of lossRef by every parameter (sae-training.md 1.1), before projection and clipping. */
export function gradsRef(
  x: ArrayLike<number>,
  w: SaeRefParams,
  c: SaeRefConfig,
  choice: SaeRefChoice,
): SaeRefParams {
  const g: SaeRefParams = {
    W_enc: new Float64Array(w.W_enc.length),
    b_enc: new Float64Array(c.d_sae),
    W_dec: new Float64Array(w.W_dec.length),
    b_dec: new Float64Array(c.d_in),
  };
  const err = decodeRef(choice.entries, w, c, true).map((v, i) => (2 / c.n) * (v - (x[i] as number)));
  for (let i = 0; i < err.length; i++) g.b_dec[i % c.d_in]! += err[i]!;
  const unit = choice.aux.length > 0 ? (2 * c.auxWeight) / spreadRef(choice.residual, c) : 0;
  const auxErr = decodeRef(choice.aux, w, c, false).map((v, i) => unit * (v - choice.residual[i]!));
  const add = (list: readonly Entry[], by: Float64Array): void => {
    for (const { row, f, val } of list) {
      let dz = 0;
      for (let i = 0; i < c.d_in; i++) dz += by[row * c.d_in + i]! * w.W_dec[f * c.d_in + i]!;
      g.b_enc[f]! += dz;
      for (let i = 0; i < c.d_in; i++) {
        const at = row * c.d_in + i;
        g.W_dec[f * c.d_in + i]! += val * by[at]!;
        g.W_enc[f * c.d_in + i]! += dz * ((x[at] as number) - c.p * w.b_dec[i]!);
        g.b_dec[i]! -= c.p * dz * w.W_enc[f * c.d_in + i]!;
      }
    }
  };
  add(choice.entries, err);
  add(choice.aux, auxErr);
  return g;
}
