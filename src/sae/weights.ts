import type { Gpu } from '#gpu/device.ts';
import type { Scope } from '#gpu/scope.ts';
import type { Sae } from './sae.ts';
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

/** Uploads an SAE; dispose it to free its four or five buffers. */
export declare function saeOnGpu(gpu: Gpu, weights: SaeWeights, meta: SaeMeta, scope?: Scope): Sae;
