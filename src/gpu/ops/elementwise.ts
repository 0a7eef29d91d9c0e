import flatId from '#shaders/lib/flat_id.wgsl?raw';
import source from '#shaders/util/elementwise.wgsl?raw';
import { defineKernel } from '../kernel.ts';
import type { Recorder } from '../recorder.ts';
import type { Tensor } from '../tensor.ts';
import { elementWindows, flatGrid, sameSize, windowOf } from './grid.ts';

// Tensors of one call have one number of elements; shapes may differ (a [n, d] window and a [batch, seq, d] one).
type F = Tensor<'f32'>;
/** Lower than the adapter's limit only in tests; tensors above it go through in windows. */
interface Limit {
  readonly maxBindingBytes?: number | undefined;
}
const limitOf = (rec: Recorder, t: Limit): number => t.maxBindingBytes ?? rec.caps.maxBindingBytes;

const shared = { source, lib: [flatId], params: ['n', 'alpha'] } as const;

export const addKernel = defineKernel({
  ...shared,
  name: 'util/elementwise/add',
  entry: 'add',
  tensors: ['x', 'y', 'out'],
  grid: ({ n }) => flatGrid(n),
  doc: 'out = x + alpha·y.',
});
export const axpyKernel = defineKernel({
  ...shared,
  name: 'util/elementwise/axpy',
  entry: 'axpy',
  tensors: ['x', 'out'],
  grid: ({ n }) => flatGrid(n),
  doc: 'out += alpha·x.',
});
export const scaleKernel = defineKernel({
  ...shared,
  name: 'util/elementwise/scale',
  entry: 'scale',
  tensors: ['x', 'out'],
  grid: ({ n }) => flatGrid(n),
  doc: 'out = alpha·x.',
});
export const fillKernel = defineKernel({
  ...shared,
  name: 'util/elementwise/fill',
  entry: 'fill',
  tensors: ['out'],
  grid: ({ n }) => flatGrid(n),
  doc: 'out = alpha.',
});

/** out = a + b. out is another buffer than a and b (use `axpy` in place). */
export function add(rec: Recorder, t: { a: F; b: F; out: F } & Limit): void {
  const { a, b, out } = t;
  const n = sameSize('add', { a, b, out });
  for (const w of elementWindows(n, limitOf(rec, t)))
    rec.run(addKernel, {
      tensors: { x: windowOf(a, w), y: windowOf(b, w), out: windowOf(out, w) },
      params: { n: w.count, alpha: 1 },
    });
}

/** y += alpha·x. */
export function axpy(rec: Recorder, t: { alpha: number; x: F; y: F } & Limit): void {
  const { x, y, alpha } = t;
  const n = sameSize('axpy', { x, y });
  for (const w of elementWindows(n, limitOf(rec, t)))
    rec.run(axpyKernel, {
      tensors: { x: windowOf(x, w), out: windowOf(y, w) },
      params: { n: w.count, alpha },
    });
}

/** out = alpha·x. */
export function scale(rec: Recorder, t: { alpha: number; x: F; out: F } & Limit): void {
  const { x, out, alpha } = t;
  const n = sameSize('scale', { x, out });
  for (const w of elementWindows(n, limitOf(rec, t)))
    rec.run(scaleKernel, {
      tensors: { x: windowOf(x, w), out: windowOf(out, w) },
      params: { n: w.count, alpha },
    });
}

/** out = x, by a kernel: a buffer copy (`rec.copy`) would end the compute pass. */
export function copy(rec: Recorder, t: { x: F; out: F } & Limit): void {
  scale(rec, { alpha: 1, ...t });
}

/** out = value everywhere. */
export function fill(rec: Recorder, t: { value: number; out: F } & Limit): void {
  const n = sameSize('fill', { out: t.out });
  for (const w of elementWindows(n, limitOf(rec, t)))
    rec.run(fillKernel, { tensors: { out: windowOf(t.out, w) }, params: { n: w.count, alpha: t.value } });
}
