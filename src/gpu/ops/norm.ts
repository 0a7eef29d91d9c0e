import type { Recorder } from '../recorder.ts';
import type { Tensor } from '../tensor.ts';

type F = Tensor<'f32'>;

/**
 * y = (x − mean)·rstd·gain + bias by rows; rstd = 1/√(var + eps), var divided by d. x, y [n, d]; gain, bias [d]; mean, rstd [n].
 * y is TransformerLens's `hook_normalized` (its LayerNorm applies w and b before that hook).
 */
export declare function layerNorm(
  rec: Recorder,
  t: { x: F; gain: F; bias: F; y: F; mean: F; rstd: F; eps: number },
): void;
/** d_x (+)= rstd·(g − mean(g) − x̂·mean(g·x̂)), g = d_y·gain, x̂ = (x − mean)·rstd. Shapes as in the forward pass. */
export declare function layerNormBackward(
  rec: Recorder,
  t: { x: F; gain: F; mean: F; rstd: F; d_y: F; d_x: F; accumulate?: boolean },
): void;
/** d_gain (+)= Σ_n d_y·x̂; d_bias (+)= Σ_n d_y. Rows are summed in ascending order. */
export declare function layerNormParamGrads(
  rec: Recorder,
  t: { x: F; mean: F; rstd: F; d_y: F; d_gain: F; d_bias: F; accumulate?: boolean },
): void;
