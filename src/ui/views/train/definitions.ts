import type { MetricKey } from '#engine/protocol/metrics.ts';
import type { EvalKey, StepKey } from '#ui/state/live_run.ts';

/** A chart of the dashboard: what it shows, in words, formula and unit. */
export interface ChartSpec {
  readonly id: StepKey | EvalKey;
  readonly title: string;
  readonly unit: string;
  readonly words: string;
  readonly formula: string;
  /** Values are shares and drawn as percent. */
  readonly percent?: true;
  readonly canLog?: true;
  readonly from: 'steps' | 'evaluations';
}

/** The charts in reading order. Every one says its definition (decision 14). */
export const CHARTS: readonly ChartSpec[] = [
  {
    id: 'loss',
    title: 'Loss',
    unit: '',
    words: 'What the optimiser sees, in the scaled units of training when input scaling is on.',
    formula: 'mean over tokens of Σ_d (x − x̂)² + auxWeight · aux',
    canLog: true,
    from: 'steps',
  },
  {
    id: 'l0',
    title: 'L0',
    unit: 'features',
    words: 'Features that fire at a token, on average over the batch. TopK keeps it at most k.',
    formula: 'l0 = mean count of acts > 0',
    from: 'steps',
  },
  {
    id: 'deadFraction',
    title: 'Dead features',
    unit: '%',
    words: 'Share of features that have not fired within the dead window (a field of the config, in tokens).',
    formula: 'features with no act > 0 in the window ÷ d_sae',
    percent: true,
    from: 'steps',
  },
  {
    id: 'explainedVariance',
    title: 'Explained variance',
    unit: '',
    words:
      'Share of the variance of the activations that the reconstruction explains, over the batch. 1 is perfect.',
    formula: '1 − Σ‖x − x̂‖² ÷ Σ‖x − x̄‖²',
    from: 'steps',
  },
  {
    id: 'ceRecovered',
    title: 'CE recovered',
    unit: '%',
    words:
      'How much of what the model loses when the hook is zeroed the SAE wins back, on held-out tokens. Read it beside ΔCE: zeroing one layer can cost little.',
    formula: '(CE_zero − CE_spliced) ÷ (CE_zero − CE_clean)',
    percent: true,
    from: 'evaluations',
  },
  {
    id: 'deltaCe',
    title: 'ΔCE',
    unit: 'nats',
    words:
      'Rise of the cross-entropy when the SAE stands in for the activations, on held-out tokens. Lower is better.',
    formula: 'CE_spliced − CE_clean, nats per predicted token',
    canLog: true,
    from: 'evaluations',
  },
  {
    id: 'lr',
    title: 'Learning rate',
    unit: '',
    words: 'Rate of Adam at the step, after warm-up and decay.',
    formula: 'lr · warm-up(step) · decay(step)',
    from: 'steps',
  },
  {
    id: 'tokensPerSecond',
    title: 'Tokens per second',
    unit: 'tokens/s',
    words: 'Training tokens per second of wall clock, everything included.',
    formula: 'tokens ÷ seconds since the report before',
    from: 'steps',
  },
];

/** Names of the final metrics in the order of the table. */
export const METRIC_NAMES: readonly (readonly [MetricKey, string])[] = [
  ['explainedVariance', 'explained variance'],
  ['mse', 'mse'],
  ['l0', 'L0'],
  ['deadFraction', 'dead features'],
  ['ceRecovered', 'CE recovered (zero ablation)'],
  ['ceRecoveredMean', 'CE recovered (mean ablation)'],
  ['deltaCe', 'ΔCE'],
  ['ceClean', 'CE clean'],
  ['ceSpliced', 'CE spliced'],
  ['ceZero', 'CE zero-ablated'],
  ['ceMean', 'CE mean-ablated'],
  ['kl', 'KL(clean ‖ spliced)'],
];
