import type { ModelRecipe } from './protocol/model_training.ts';

const int = { kind: 'int', scale: 'log' } as const;
const real = { kind: 'number', scale: 'log' } as const;

/** Fields and presets of a transformer that is trained in the page; the optimiser is the embedded model's. */
export const MODEL_RECIPE: ModelRecipe = {
  fields: {
    n_layers: {
      ...int,
      ...{ label: 'n_layers', default: 2, min: 1, max: 12 },
      help: 'Blocks of attention and MLP. Copying (induction) needs two layers: one head finds the previous token, a later one uses it.',
    },
    d_model: {
      ...int,
      ...{ label: 'd_model', default: 128, min: 8, max: 1024 },
      help: 'Width of the residual stream; the MLP is four times as wide. A multiple of n_heads.',
    },
    n_heads: {
      ...int,
      ...{ label: 'n_heads', default: 4, min: 1, max: 32 },
      help: 'Attention heads of a layer; each has d_model ÷ n_heads dimensions.',
    },
    n_ctx: {
      ...int,
      ...{ label: 'n_ctx', default: 128, min: 16, max: 512, unit: 'tokens' },
      help: 'Longest row that the model reads. The curriculum begins with shorter rows.',
    },
    tokens: {
      ...int,
      ...{ label: 'tokens', default: 3_000_000, min: 1024, max: 1_000_000_000, unit: 'tokens' },
      help: 'Training tokens in all, each from a freshly generated document. Induction appears within the first 2 to 3 million.',
    },
    batch: {
      ...int,
      ...{ label: 'batch', default: 2048, min: 16, max: 65_536, unit: 'tokens' },
      help: 'Tokens per optimiser step; a multiple of n_ctx.',
    },
    lr: {
      ...real,
      ...{ label: 'learning rate', default: 3e-3, min: 1e-5, max: 0.1 },
      help: 'Peak rate of AdamW: linear warm-up over the first tenth of the steps (at most 100), constant to 60 %, then linear to 3 % of it.',
    },
    weightDecay: {
      kind: 'number',
      ...{ label: 'weight decay', default: 0.05, min: 0, max: 1 },
      help: 'Decoupled decay of the block matrices; embeddings, gains and biases do not decay.',
    },
    seed: {
      ...int,
      ...{ label: 'seed', default: 0, min: 0, max: 2 ** 31 - 1 },
      help: 'Initial weights, documents and their order follow from it.',
    },
  },
  presets: [
    {
      title: 'two layers',
      help: 'For a GPU: minutes, and induction usually appears.',
      job: {
        ...{ n_layers: 2, d_model: 128, n_heads: 4, n_ctx: 128, tokens: 3_000_000, batch: 2048 },
        ...{ lr: 3e-3, weightDecay: 0.05, seed: 0 },
      },
    },
    {
      title: 'small',
      help: 'For a slow GPU: words and grammar, little copying.',
      job: {
        ...{ n_layers: 2, d_model: 64, n_heads: 2, n_ctx: 64, tokens: 1_000_000, batch: 1024 },
        ...{ lr: 3e-3, weightDecay: 0.05, seed: 0 },
      },
    },
    {
      title: 'tiny (for software adapters)',
      help: 'One layer and short rows: shows the loss fall without a GPU; it learns which words are common.',
      job: {
        ...{ n_layers: 1, d_model: 32, n_heads: 2, n_ctx: 32, tokens: 40_960, batch: 256 },
        ...{ lr: 6e-3, weightDecay: 0.05, seed: 0 },
      },
    },
  ],
};
