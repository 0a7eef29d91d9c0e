import type { Recorder } from '../recorder.ts';
import type { Tensor } from '../tensor.ts';

// Tensors of one call have one number of elements; shapes may differ (a [n, d] window and a [batch, seq, d] one).
type F = Tensor<'f32'>;

/** out = a + b. out is another buffer than a and b (use `axpy` in place). */
export declare function add(rec: Recorder, t: { a: F; b: F; out: F }): void;
/** y += alpha·x. */
export declare function axpy(rec: Recorder, t: { alpha: number; x: F; y: F }): void;
/** out = alpha·x. */
export declare function scale(rec: Recorder, t: { alpha: number; x: F; out: F }): void;
/** out = x, by a kernel, so that it stays in order with other dispatches. */
export declare function copy(rec: Recorder, t: { x: F; out: F }): void;
/** out = value everywhere. */
export declare function fill(rec: Recorder, t: { value: number; out: F }): void;
