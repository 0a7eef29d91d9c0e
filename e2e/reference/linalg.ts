// f64 oracles of linear algebra and reductions: naive loops, never tuned.

/** out[m, n] = Σ_k A[m, k]·B[k, n] + bias[n] + start[m, n]; A is aᵀ for TN, B is bᵀ for NT. */
export function matmul(
  layout: 'NN' | 'NT' | 'TN',
  size: { readonly m: number; readonly n: number; readonly k: number },
  t: {
    readonly a: ArrayLike<number>;
    readonly b: ArrayLike<number>;
    readonly bias?: ArrayLike<number>;
    readonly start?: ArrayLike<number>;
  },
): Float64Array {
  const { m, n, k } = size;
  const out = new Float64Array(m * n);
  for (let row = 0; row < m; row++)
    for (let col = 0; col < n; col++) {
      let sum = (t.bias?.[col] ?? 0) + (t.start?.[row * n + col] ?? 0);
      for (let i = 0; i < k; i++) {
        const a = t.a[layout === 'TN' ? i * m + row : row * k + i] as number;
        const b = t.b[layout === 'NT' ? col * k + i : i * n + col] as number;
        sum += a * b;
      }
      out[row * n + col] = sum;
    }
  return out;
}

/** out[d] = scale·Σ_n f(x[n, d]), f the identity or the square. */
export function reduceColumns(
  x: ArrayLike<number>,
  size: { readonly n: number; readonly d: number },
  of: 'sum' | 'sum_squares' = 'sum',
  scale = 1,
): Float64Array {
  const out = new Float64Array(size.d);
  for (let row = 0; row < size.n; row++)
    for (let col = 0; col < size.d; col++) {
      const v = x[row * size.d + col] as number;
      out[col] = (out[col] as number) + scale * (of === 'sum' ? v : v * v);
    }
  return out;
}

/** out[n] = scale·Σ_d f(x[n, d]), f the identity or the square. */
export function reduceRows(
  x: ArrayLike<number>,
  size: { readonly n: number; readonly d: number },
  of: 'sum' | 'sum_squares' = 'sum',
  scale = 1,
): Float64Array {
  const out = new Float64Array(size.n);
  for (let row = 0; row < size.n; row++)
    for (let col = 0; col < size.d; col++) {
      const v = x[row * size.d + col] as number;
      out[row] = (out[row] as number) + scale * (of === 'sum' ? v : v * v);
    }
  return out;
}
