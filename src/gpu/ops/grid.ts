import { WorkbenchError } from '#base/errors.ts';
import { ceilDiv } from '#base/num.ts';
import type { Grid } from '../kernel.ts';
import type { Recorder } from '../recorder.ts';
import { size, type Tensor, view } from '../tensor.ts';

/** Workgroups of one dimension that WebGPU guarantees. */
const MAX_GRID = 65535;

/** `workgroups` folded into two dimensions; lib/flat_id.wgsl gives the flat number back. */
export function foldGrid(workgroups: number): Grid {
  const y = Math.max(1, ceilDiv(workgroups, MAX_GRID));
  return [ceilDiv(workgroups, y), y];
}

/** Grid of one invocation an element, 64 a workgroup. */
export const flatGrid = (elements: number): Grid => foldGrid(ceilDiv(elements, 64));

/** Grid of the row kernels of lib/reduce.wgsl: 64 / LANES rows a workgroup. */
export const laneGrid = (rows: number, LANES: number): Grid => foldGrid(ceilDiv(rows * LANES, 64));

/** LANES of lib/reduce.wgsl: one invocation a row where a barrier is a coroutine switch, else 64. */
export function rowLanes(rec: Recorder): { readonly LANES: number } {
  return { LANES: rec.caps.class === 'software' ? 1 : 64 };
}

/**
 * The common number of elements of tensors that an elementwise op takes; shapes may differ.
 * @throws WorkbenchError('shape') naming the first tensor that differs.
 */
export function sameSize(op: string, tensors: Readonly<Record<string, Tensor>>): number {
  let first: { readonly name: string; readonly n: number } | undefined;
  for (const [name, t] of Object.entries(tensors)) {
    const n = size(t.shape);
    first ??= { name, n };
    if (n !== first.n)
      throw new WorkbenchError(
        'shape',
        `${op}: ${name} (${t.label}) [${t.shape}] has ${n} elements, ${first.name} ${first.n}`,
      );
  }
  return first?.n ?? 0;
}

/** A run of elements that every tensor of an elementwise op can bind. */
export interface ElementWindow {
  readonly from: number;
  readonly count: number;
}

/** Windows over n f32 elements of at most `maxBytes` each; starts are multiples of 64 elements, so they can be bound. */
export function* elementWindows(n: number, maxBytes: number): Generator<ElementWindow> {
  const step = Math.max(64, Math.floor(maxBytes / 256) * 64);
  for (let from = 0; from < n; from += step) yield { from, count: Math.min(step, n - from) };
}

/** The elements of a window, flat. */
export const windowOf = (t: Tensor<'f32'>, w: ElementWindow): Tensor<'f32'> =>
  view(t, { shape: [w.count], byteOffset: 4 * w.from });
