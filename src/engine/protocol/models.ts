import type { Ability, Metrics } from './metrics.ts';

export interface ModelConfigInfo {
  readonly family: string;
  readonly d_model: number;
  readonly n_layers: number;
  readonly n_heads: number;
  readonly n_kv_heads: number;
  readonly d_head: number;
  readonly d_mlp: number;
  readonly d_vocab: number;
  readonly n_ctx: number;
  readonly act: string;
  readonly tiedUnembed: boolean;
}

export interface ModelInfo {
  /** Content id; 'embedded' is an alias of the shipped model. */
  readonly id: string;
  readonly title: string;
  readonly source: string;
  readonly bytes: number;
  readonly config: ModelConfigInfo;
  readonly defaultPrependBos: boolean;
  /** 'raw' (no folding): stated in metrics (decision 16). */
  readonly processing: 'raw';
  /** False when the folder had no tokenizer: prompts are token ids. */
  readonly hasTokenizer: boolean;
  /** A prompt worth showing first, when the model brings one. */
  readonly defaultPrompt?: string | undefined;
  /** The language whose ground truth is known, when the model speaks it. */
  readonly language?: 'storyland' | undefined;
  readonly loaded: boolean;
}

export interface SaeInfo {
  readonly id: string;
  readonly title: string;
  readonly model: string;
  /** Hook name, e.g. 'blocks.0.attn.hook_z'. */
  readonly site: string;
  readonly variant: string;
  readonly d_in: number;
  readonly d_sae: number;
  readonly actRule: ActRuleInfo;
  readonly source: string;
  readonly bytes: number;
  readonly createdAt?: string | undefined;
  /** Positions left out of training and metrics (decision 15). */
  readonly excludedPositions: readonly number[];
  readonly hasIndex: boolean;
  /** True when a truth table is stored: `truth` answers at once. */
  readonly hasTruth?: boolean | undefined;
  readonly metrics?: Metrics | undefined;
  /** What its model can do clean and with this SAE spliced in; absent until measured. */
  readonly abilities?: readonly Ability[] | undefined;
}

export type ActRuleInfo =
  | { readonly kind: 'relu' }
  | { readonly kind: 'topk'; readonly k: number }
  | { readonly kind: 'threshold' };

export type ExportFormat = 'saelens';
