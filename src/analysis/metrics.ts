/** Each value carries its definition and the number of tokens it was measured on; also the protocol's type. */
export interface Metric {
  readonly value: number;
  readonly definition: string;
  readonly n: number;
  /** The same figure with no position excluded (decision 15). */
  readonly all?: number | undefined;
}
/** Names of the metrics of decisions 14 to 16; also the protocol's type. */
export type MetricKey =
  | 'mse'
  | 'explainedVariance'
  | 'l0'
  | 'deadFraction'
  | 'ceClean'
  | 'ceSpliced'
  | 'ceZero'
  | 'ceMean'
  | 'ceRecovered'
  | 'ceRecoveredMean'
  | 'deltaCe'
  | 'kl';
export type Metrics = Readonly<Record<MetricKey, Metric>>;

/** Sums over the counted positions of held-out windows, in f64. */
export interface EvalSums {
  /** Tokens counted. */
  tokens: number;
  /** Predictions made from counted positions. */
  predictions: number;
  /** Σ‖x − x̂‖² and Σ‖x − x̄‖². */
  error: number;
  deviation: number;
  /** Acts above 0. */
  firings: number;
  /** Σ nats of each run. */
  readonly nats: Record<RunKind, number>;
  kl: number;
}
/** The runs of the whole model that are compared. */
export type RunKind = 'clean' | 'spliced' | 'zero' | 'mean';
export const RUN_KINDS = ['clean', 'spliced', 'zero', 'mean'] as const satisfies readonly RunKind[];

export function emptySums(): EvalSums {
  const nats = { clean: 0, spliced: 0, zero: 0, mean: 0 };
  return { tokens: 0, predictions: 0, error: 0, deviation: 0, firings: 0, nats, kl: 0 };
}

export const copyOf = (s: EvalSums): EvalSums => ({ ...s, nats: { ...s.nats } });

/** What came on top of `b`. */
export function minus(a: EvalSums, b: EvalSums): EvalSums {
  const nats = { ...a.nats };
  for (const kind of RUN_KINDS) nats[kind] -= b.nats[kind];
  return {
    tokens: a.tokens - b.tokens,
    predictions: a.predictions - b.predictions,
    error: a.error - b.error,
    deviation: a.deviation - b.deviation,
    firings: a.firings - b.firings,
    nats,
    kl: a.kl - b.kl,
  };
}

/**
 * Every metric of decisions 14 to 16 from the sums, with its definition in words.
 *
 * `excluded` are the positions that stayed clean and were not counted; `fired` holds each feature's firings.
 */
export function metricsOf(
  sums: EvalSums,
  measured: { readonly excluded: readonly number[]; readonly fired: ArrayLike<number> },
): Metrics {
  const { tokens, predictions } = sums;
  const { excluded, fired } = measured;
  const left = excluded.length > 0 ? `; positions ${excluded.join(', ')} left out` : '; all positions';
  const token = (value: number, definition: string): Metric => ({
    value,
    definition: definition + left,
    n: tokens,
  });
  const kept = excluded.length > 0 ? `; positions ${excluded.join(', ')} stay clean and are not counted` : '';
  const ce = (value: number, definition: string): Metric => ({
    value,
    definition: `${definition}${kept}; raw weights, b_O stays`,
    n: predictions,
  });
  const at = (kind: RunKind): number => sums.nats[kind] / predictions;
  const recovered = (baseline: number): number => (baseline - at('spliced')) / (baseline - at('clean'));
  let dead = 0;
  for (let f = 0; f < fired.length; f++) if (fired[f] === 0) dead++;
  return {
    mse: token(sums.error / tokens, 'mean over tokens of ‖x − x̂‖², summed over d_in'),
    explainedVariance: token(
      1 - sums.error / sums.deviation,
      '1 − Σ‖x − x̂‖² ÷ Σ‖x − x̄‖², pooled over tokens, x̄ their mean',
    ),
    l0: token(sums.firings / tokens, 'mean count of acts > 0 a token'),
    deadFraction: token(dead / fired.length, 'share of features without an act > 0 on these tokens'),
    ceClean: ce(at('clean'), 'cross-entropy of the unchanged model, nats a predicted token'),
    ceSpliced: ce(at('spliced'), 'cross-entropy with the reconstruction in place of x, nats'),
    ceZero: ce(at('zero'), 'cross-entropy with zeros in place of x, nats'),
    ceMean: ce(at('mean'), 'cross-entropy with the mean x̄ in place of x, nats'),
    ceRecovered: ce(recovered(at('zero')), '(CE zero − CE spliced) ÷ (CE zero − CE clean)'),
    ceRecoveredMean: ce(recovered(at('mean')), '(CE mean − CE spliced) ÷ (CE mean − CE clean)'),
    deltaCe: ce(at('spliced') - at('clean'), 'CE spliced − CE clean, nats'),
    kl: ce(sums.kl / predictions, 'mean KL(clean ‖ spliced) of the next-token distributions, nats'),
  };
}

/** Each figure with its twin of `all`, where nothing is excluded, beside it. */
export function withAll(metrics: Metrics, all: Metrics): Metrics {
  const entries = Object.entries(metrics) as [MetricKey, Metric][];
  return Object.fromEntries(entries.map(([key, m]) => [key, { ...m, all: all[key].value }])) as Metrics;
}
