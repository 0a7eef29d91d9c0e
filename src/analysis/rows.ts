import { dims } from '#base/dims.ts';
import type { Gpu } from '#gpu/device.ts';
import { defineKernel } from '#gpu/kernel.ts';
import { flatGrid, foldGrid } from '#gpu/ops/grid.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Scope } from '#gpu/scope.ts';
import type { Tensor } from '#gpu/tensor.ts';
import { selectTopk } from '#sae/ops/select.ts';
import type { SparseCode } from '#sae/sae.ts';
import centerSource from '#shaders/analysis/center_rows.wgsl?raw';
import histogramSource from '#shaders/analysis/row_histogram.wgsl?raw';
import flatId from '#shaders/lib/flat_id.wgsl?raw';

type F = Tensor<'f32'>;

export const centerRowsKernel = defineKernel({
  name: 'analysis/center_rows',
  source: centerSource,
  lib: [flatId],
  tensors: ['x', 'mean', 'out'],
  params: ['n', 'd', 'sign'],
  grid: ({ n, d }) => flatGrid(n * d),
  doc: 'out = sign·(x − mean of the row).',
});
export const rowHistogramKernel = defineKernel({
  name: 'analysis/row_histogram',
  source: histogramSource,
  lib: [flatId],
  tensors: ['x', 'range', 'counts'],
  params: ['n', 'd'],
  constants: { BINS: 40 },
  grid: ({ n }) => foldGrid(n),
  doc: 'Smallest and largest value of each row, and counts in equal bins between them.',
});

/** out[n, d] = sign·(x − mean[n]). */
export function centerRows(rec: Recorder, t: { x: F; mean: F; out: F; sign: 1 | -1 }): void {
  const { x, mean, out, sign } = t;
  const { n, d } = dims('centerRows', { x: [x, 'n d'], mean: [mean, 'n'], out: [out, 'n d'] });
  rec.run(centerRowsKernel, { tensors: { x, mean, out }, params: { n, d, sign } });
}

/** range [n, 2] = min and max of each row of x [n, d]; counts [n, bins] over bins of equal width between them. */
export function rowHistogram(rec: Recorder, t: { x: F; range: F; counts: Tensor<'u32'> }): void {
  const { x, range, counts } = t;
  const { n, d, bins } = dims('rowHistogram', {
    x: [x, 'n d'],
    range: [range, 'n 2'],
    counts: [counts, 'n bins'],
  });
  rec.run(rowHistogramKernel, {
    tensors: { x, range, counts },
    params: { n, d },
    constants: { BINS: bins },
  });
}

/** One chosen column of a row. */
export interface Pick {
  readonly column: number;
  readonly value: number;
}

/** The largest positive entries of rows, chosen on the GPU; only they are read back. */
export class TopOfRows {
  readonly #gpu: Gpu;
  readonly #code: SparseCode;
  readonly #k: number;

  /** Buffers for up to n rows of d columns; they belong to `scope`. */
  constructor(gpu: Gpu, scope: Scope, size: { readonly n: number; readonly d: number; readonly k: number }) {
    this.#gpu = gpu;
    this.#k = Math.min(size.k, size.d);
    const cap = size.n * this.#k;
    this.#code = {
      rowStart: scope.tensor('top/rowStart', [size.n + 1], 'u32'),
      idx: scope.tensor('top/idx', [cap], 'u32'),
      val: scope.tensor('top/val', [cap], 'f32'),
      cap,
    };
  }

  record(rec: Recorder, x: F): void {
    selectTopk(rec, { score: x, pre_acts: x, code: this.#code, k: this.#k, fromRow: 0 });
  }

  /** The picks of each of `n` rows, largest first, ties to the lower column. Waits for the GPU. */
  async read(n: number): Promise<Pick[][]> {
    const [idx, val] = await Promise.all([
      this.#gpu.readU32(this.#code.idx),
      this.#gpu.readF32(this.#code.val),
    ]);
    return Array.from({ length: n }, (_, row) => {
      const picks: Pick[] = [];
      for (let e = row * this.#k; e < (row + 1) * this.#k; e++)
        if ((val[e] as number) > 0) picks.push({ column: idx[e] as number, value: val[e] as number });
      return picks.sort((a, b) => b.value - a.value || a.column - b.column);
    });
  }
}
