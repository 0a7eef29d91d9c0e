import type { SaeMeta, SaeWeights } from '../weights.ts';

/** Files of one SAE folder by name. */
export type SaeFiles = Readonly<Record<string, Uint8Array<ArrayBuffer>>>;

/** What SAELens wants to know about the model; unknown parts are left out of cfg.json. */
export interface SaeLensContext {
  readonly modelName: string;
  readonly contextSize?: number | undefined;
  readonly prependBos?: boolean | undefined;
  readonly datasetPath?: string | undefined;
}

/**
 * A SAELens v6 folder: cfg.json, sae_weights.safetensors and, for ourselves, headlight.json.
 * W_enc is transposed to [d_in, d_sae]; relu is 'standard', topk 'topk', threshold 'jumprelu'.
 */
export declare function writeSaeLens(weights: SaeWeights, meta: SaeMeta, context: SaeLensContext): SaeFiles;

/**
 * Reads a SAELens v6 (or flat v5) folder. Scales and layer-norm inputs that we cannot fold are refused.
 *
 * @throws WorkbenchError('format') with the reason.
 */
export declare function readSaeLens(
  files: Readonly<Record<string, Blob | Uint8Array<ArrayBuffer>>>,
): Promise<{ readonly weights: SaeWeights; readonly meta: SaeMeta }>;
