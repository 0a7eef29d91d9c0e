import { WorkbenchError } from '#base/errors.ts';
import type { Gpu } from '#gpu/device.ts';
import type { GatedEncoder } from './fold_gated.ts';
import type { ActRule, Sae } from './sae.ts';
import type { ActRuleSpec } from './variant.ts';

type A = Float32Array<ArrayBuffer>;

/** An SAE in memory, input scale folded. Rows are features here too; files transpose W_enc (decision 2). */
export interface SaeWeights {
  readonly d_in: number;
  readonly d_sae: number;
  readonly actRule: ActRuleSpec;
  readonly applyBDecToInput: boolean;
  /** [d_sae, d_in] */
  readonly W_enc: A;
  /** [d_sae] */
  readonly b_enc: A;
  /** [d_sae, d_in] */
  readonly W_dec: A;
  /** [d_in] */
  readonly b_dec: A;
  /** [d_sae], threshold rule only. */
  readonly theta?: A | undefined;
  /** A gated SAE's own encoder, kept for export; W_enc, b_enc and theta are its folded form (decision 3). */
  readonly gated?: GatedEncoder | undefined;
}

/** What a file says about an SAE besides its weights. */
export interface SaeMeta {
  readonly id: string;
  readonly title: string;
  /** Content id of the model it was trained on. */
  readonly model: string;
  /** Hook name. */
  readonly site: string;
  readonly variant: string;
  readonly excludedPositions: readonly number[];
  readonly createdAt?: string | undefined;
  /** Training config, metrics and the like: carried along unread. */
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Uploads an SAE; dispose it to free its four or five buffers.
 * @throws WorkbenchError('out-of-memory') when its weights exceed what this adapter can bind.
 */
export function saeOnGpu(gpu: Gpu, weights: SaeWeights, meta: SaeMeta): Sae {
  const { d_in, d_sae } = weights;
  const bytes = weights.W_enc.byteLength;
  if (bytes > gpu.caps.maxBindingBytes)
    throw new WorkbenchError(
      'out-of-memory',
      `SAE ${meta.title}: W_enc takes ${bytes} bytes, this adapter binds at most ${gpu.caps.maxBindingBytes}.`,
      { hint: 'Open it on a machine with a larger GPU.' },
    );
  const scope = gpu.scope(`sae ${meta.title}`);
  const up = (name: string, shape: readonly number[], data: A) => scope.upload(name, shape, 'f32', data);
  try {
    const actRule: ActRule =
      weights.actRule.kind === 'threshold'
        ? { kind: 'threshold', theta: up('theta', [d_sae], weights.theta ?? new Float32Array(d_sae)) }
        : weights.actRule;
    return {
      id: meta.id,
      d_in,
      d_sae,
      site: meta.site,
      variant: meta.variant,
      actRule,
      applyBDecToInput: weights.applyBDecToInput,
      excludedPositions: meta.excludedPositions,
      W_enc: up('W_enc', [d_sae, d_in], weights.W_enc),
      b_enc: up('b_enc', [d_sae], weights.b_enc),
      W_dec: up('W_dec', [d_sae, d_in], weights.W_dec),
      b_dec: up('b_dec', [d_in], weights.b_dec),
      [Symbol.dispose]: () => scope[Symbol.dispose](),
    };
  } catch (error) {
    scope[Symbol.dispose]();
    throw error;
  }
}
