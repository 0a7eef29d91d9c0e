import type { Recorder } from '../recorder.ts';
import type { Tensor } from '../tensor.ts';

type F = Tensor<'f32'>;
/** Names as in a Hugging Face config; the same union as `Activation` of #model/config.ts. */
export type ActivationName = 'gelu' | 'gelu_new' | 'relu' | 'silu' | 'tanh' | 'quick_gelu';

/** y = act(x), elementwise over tensors of one size. */
export declare function activate(rec: Recorder, t: { act: ActivationName; x: F; y: F }): void;
/** d_x = d_y·act′(x), x being the forward pass's input. */
export declare function activateBackward(
  rec: Recorder,
  t: { act: ActivationName; x: F; d_y: F; d_x: F },
): void;
