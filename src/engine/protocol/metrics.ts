import type { Interval } from '#analysis/bootstrap.ts';
import type { Metric, MetricKey } from '#analysis/metrics.ts';
import type { Standing } from '#analysis/standings.ts';
import type { TruthTable } from '#analysis/truth_table.ts';
import type { Ability } from '#base/ability.ts';

export type { Ability, Interval, Metric, MetricKey, Standing, TruthTable };

/** Decisions 14 to 16; what was not measured is absent. */
export type Metrics = Readonly<Partial<Record<MetricKey, Metric>>>;
