// f64 oracles of the transformer's layers: naive loops over plain arrays, never tuned. Layouts as in src/gpu/ops.

type A = ArrayLike<number>;
const at = (x: A, i: number): number => x[i] as number;

export interface NormSize {
  readonly n: number;
  readonly d: number;
}

function moments(x: A, { d }: NormSize, row: number, eps: number): { mean: number; rstd: number } {
  let mean = 0;
  for (let i = 0; i < d; i++) mean += at(x, row * d + i) / d;
  let variance = 0;
  for (let i = 0; i < d; i++) variance += (at(x, row * d + i) - mean) ** 2 / d;
  return { mean, rstd: 1 / Math.sqrt(variance + eps) };
}

/** y = (x − mean)·rstd·gain + bias by rows. */
export function layerNorm(x: A, gain: A, bias: A, size: NormSize, eps: number): Float64Array {
  const y = new Float64Array(size.n * size.d);
  for (let row = 0; row < size.n; row++) {
    const { mean, rstd } = moments(x, size, row, eps);
    for (let i = 0; i < size.d; i++) {
      const j = row * size.d + i;
      y[j] = (at(x, j) - mean) * rstd * at(gain, i) + at(bias, i);
    }
  }
  return y;
}

/** Gradients of Σ d_y·layerNorm(x) in x, gain and bias. */
export function layerNormBackward(
  x: A,
  gain: A,
  d_y: A,
  size: NormSize,
  eps: number,
): { d_x: Float64Array; d_gain: Float64Array; d_bias: Float64Array } {
  const { n, d } = size;
  const d_x = new Float64Array(n * d);
  const d_gain = new Float64Array(d);
  const d_bias = new Float64Array(d);
  for (let row = 0; row < n; row++) {
    const { mean, rstd } = moments(x, size, row, eps);
    const xHat = (i: number): number => (at(x, row * d + i) - mean) * rstd;
    const g = (i: number): number => at(d_y, row * d + i) * at(gain, i);
    let meanG = 0;
    let meanGx = 0;
    for (let i = 0; i < d; i++) {
      meanG += g(i) / d;
      meanGx += (g(i) * xHat(i)) / d;
      d_gain[i] = at(d_gain, i) + at(d_y, row * d + i) * xHat(i);
      d_bias[i] = at(d_bias, i) + at(d_y, row * d + i);
    }
    for (let i = 0; i < d; i++) d_x[row * d + i] = rstd * (g(i) - meanG - xHat(i) * meanGx);
  }
  return { d_x, d_gain, d_bias };
}

export interface AttentionSize {
  readonly batch: number;
  readonly seq: number;
  readonly n_heads: number;
  readonly n_kv_heads: number;
  readonly d_head: number;
}
/** Calls f for every head and every (dest, source <= dest), with the offsets of q/z, k/v and pattern. */
function pairs(
  s: AttentionSize,
  f: (q: number, k: number, p: number, dest: number, source: number) => void,
): void {
  for (let b = 0; b < s.batch; b++)
    for (let h = 0; h < s.n_heads; h++) {
      const kv = Math.floor((h * s.n_kv_heads) / s.n_heads);
      for (let dest = 0; dest < s.seq; dest++)
        for (let source = 0; source <= dest; source++)
          f(
            ((b * s.seq + dest) * s.n_heads + h) * s.d_head,
            ((b * s.seq + source) * s.n_kv_heads + kv) * s.d_head,
            ((b * s.n_heads + h) * s.seq + dest) * s.seq + source,
            dest,
            source,
          );
    }
}

/** Causal attention: scores (−1e30 above the diagonal), pattern and z. */
export function attention(
  q: A,
  k: A,
  v: A,
  s: AttentionSize,
  scale: number,
): { scores: Float64Array; pattern: Float64Array; z: Float64Array } {
  const cells = s.batch * s.n_heads * s.seq * s.seq;
  const scores = new Float64Array(cells).fill(-1e30);
  pairs(s, (qAt, kAt, p) => {
    let sum = 0;
    for (let e = 0; e < s.d_head; e++) sum += at(q, qAt + e) * at(k, kAt + e);
    scores[p] = scale * sum;
  });
  const pattern = new Float64Array(cells);
  for (let row = 0; row < cells / s.seq; row++) {
    const dest = row % s.seq;
    const line = scores.subarray(row * s.seq, row * s.seq + dest + 1);
    const top = line.reduce((a, b) => Math.max(a, b), -Infinity);
    const total = line.reduce((sum, x) => sum + Math.exp(x - top), 0);
    line.forEach((x, source) => {
      pattern[row * s.seq + source] = Math.exp(x - top) / total;
    });
  }
  const z = new Float64Array(s.batch * s.seq * s.n_heads * s.d_head);
  pairs(s, (zAt, vAt, p) => {
    for (let e = 0; e < s.d_head; e++) z[zAt + e] = at(z, zAt + e) + at(pattern, p) * at(v, vAt + e);
  });
  return { scores, pattern, z };
}

/** Gradients of Σ d_z·z in everything on the way down. */
export function attentionBackward(
  t: { readonly q: A; readonly k: A; readonly v: A; readonly pattern: A; readonly d_z: A },
  s: AttentionSize,
  scale: number,
): Record<'d_q' | 'd_k' | 'd_v' | 'd_pattern' | 'd_scores', Float64Array> {
  const cells = s.batch * s.n_heads * s.seq * s.seq;
  const heads = s.batch * s.seq * s.n_heads * s.d_head;
  const kvs = s.batch * s.seq * s.n_kv_heads * s.d_head;
  const d_pattern = new Float64Array(cells);
  const d_v = new Float64Array(kvs);
  pairs(s, (zAt, vAt, p) => {
    for (let e = 0; e < s.d_head; e++) {
      d_pattern[p] = at(d_pattern, p) + at(t.d_z, zAt + e) * at(t.v, vAt + e);
      d_v[vAt + e] = at(d_v, vAt + e) + at(t.pattern, p) * at(t.d_z, zAt + e);
    }
  });
  const along = new Float64Array(cells / s.seq);
  for (let p = 0; p < cells; p++) {
    const row = Math.floor(p / s.seq);
    along[row] = at(along, row) + at(t.pattern, p) * at(d_pattern, p);
  }
  const d_scores = d_pattern.map((g, p) => at(t.pattern, p) * (g - at(along, Math.floor(p / s.seq))));
  const d_q = new Float64Array(heads);
  const d_k = new Float64Array(kvs);
  pairs(s, (qAt, kAt, p) => {
    for (let e = 0; e < s.d_head; e++) {
      d_q[qAt + e] = at(d_q, qAt + e) + scale * at(d_scores, p) * at(t.k, kAt + e);
      d_k[kAt + e] = at(d_k, kAt + e) + scale * at(d_scores, p) * at(t.q, qAt + e);
    }
  });
  return { d_q, d_k, d_v, d_pattern, d_scores };
}

/**
 * erf(x) = 2/√π·Σ_n (−1)^n x^(2n+1)/(n!·(2n+1)) below 3, else 1 − e^(−x²)/√π·continued fraction of erfc
 * (Abramowitz & Stegun 7.1.5 and 7.1.14); both to about 1e-14.
 */
export function erf(x: number): number {
  const z = Math.abs(x);
  if (z < 3) {
    let term = z;
    let sum = z;
    for (let n = 1; n < 80; n++) {
      term *= (-z * z) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = z;
  for (let n = 60; n >= 1; n--) fraction = z + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-z * z) / Math.sqrt(Math.PI) / fraction);
}

const GELU_NEW = Math.sqrt(2 / Math.PI);
/** The activation functions of src/gpu/ops/activation.ts. */
export const activations = {
  gelu: (x: number): number => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  gelu_new: (x: number): number => 0.5 * x * (1 + Math.tanh(GELU_NEW * (x + 0.044715 * x ** 3))),
  relu: (x: number): number => Math.max(x, 0),
  silu: (x: number): number => x / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  quick_gelu: (x: number): number => x / (1 + Math.exp(-1.702 * x)),
} as const;

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
/** Their derivatives; relu's is 0 at 0. */
export const activationSlopes = {
  gelu: (x: number): number =>
    0.5 * (1 + erf(x / Math.SQRT2)) + (x * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI),
  gelu_new: (x: number): number => {
    const t = Math.tanh(GELU_NEW * (x + 0.044715 * x ** 3));
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * GELU_NEW * (1 + 3 * 0.044715 * x * x);
  },
  relu: (x: number): number => (x > 0 ? 1 : 0),
  silu: (x: number): number => sigmoid(x) * (1 + x * (1 - sigmoid(x))),
  tanh: (x: number): number => 1 - Math.tanh(x) ** 2,
  quick_gelu: (x: number): number => {
    const s = sigmoid(1.702 * x);
    return s * (1 + 1.702 * x * (1 - s));
  },
} as const;

/** log Σ exp of row `row` of logits [n, v]. */
export function logSumExp(logits: A, v: number, row: number): number {
  let top = -Infinity;
  for (let i = 0; i < v; i++) top = Math.max(top, at(logits, row * v + i));
  let sum = 0;
  for (let i = 0; i < v; i++) sum += Math.exp(at(logits, row * v + i) - top);
  return top + Math.log(sum);
}

/** nats[n] = lse − logits[target]; 0 without a target (>= v). */
export function crossEntropy(logits: A, targets: A, v: number): Float64Array {
  return Float64Array.from(targets, (target, row) =>
    target < v ? logSumExp(logits, v, row) - at(logits, row * v + target) : 0,
  );
}

/** Gradient of Σ weights·nats in the logits. */
export function crossEntropyBackward(logits: A, targets: A, weights: A, v: number): Float64Array {
  return Float64Array.from({ length: targets.length * v }, (_, j) => {
    const row = Math.floor(j / v);
    const target = at(targets, row);
    if (target >= v) return 0;
    const p = Math.exp(at(logits, j) - logSumExp(logits, v, row));
    return at(weights, row) * (p - (j % v === target ? 1 : 0));
  });
}

/** Σ p·(log p − log q) of each row. */
export function klDivergence(
  p_logits: A,
  q_logits: A,
  size: { readonly n: number; readonly v: number },
): Float64Array {
  const { n, v } = size;
  return Float64Array.from({ length: n }, (_, row) => {
    const p = logSumExp(p_logits, v, row);
    const q = logSumExp(q_logits, v, row);
    let sum = 0;
    for (let i = 0; i < v; i++) {
      const logP = at(p_logits, row * v + i) - p;
      sum += Math.exp(logP) * (logP - (at(q_logits, row * v + i) - q));
    }
    return sum;
  });
}

/** −Σ p·log p of each row. */
export function entropy(logits: A, size: { readonly n: number; readonly v: number }): Float64Array {
  const { n, v } = size;
  return Float64Array.from({ length: n }, (_, row) => {
    const lse = logSumExp(logits, v, row);
    let sum = 0;
    for (let i = 0; i < v; i++) {
      const logP = at(logits, row * v + i) - lse;
      sum -= Math.exp(logP) * logP;
    }
    return sum;
  });
}

/** embed[p, :] = W_E[tokens[p], :]. */
export function gatherRows(table: A, idx: A, d: number): Float64Array {
  return Float64Array.from({ length: idx.length * d }, (_, i) =>
    at(table, at(idx, Math.floor(i / d)) * d + (i % d)),
  );
}

/** d_W_E[v, :] = Σ over p with tokens[p] = v of d_embed[p, :]. */
export function gatherRowsBackward(
  d_out: A,
  idx: A,
  size: { readonly rows: number; readonly d: number },
): Float64Array {
  const { rows, d } = size;
  const out = new Float64Array(rows * d);
  for (let p = 0; p < idx.length; p++)
    for (let i = 0; i < d; i++) {
      const j = at(idx, p) * d + i;
      out[j] = at(out, j) + at(d_out, p * d + i);
    }
  return out;
}
