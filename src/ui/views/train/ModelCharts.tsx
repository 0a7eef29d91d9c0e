import { useState } from 'react';
import type { ModelEvaluation } from '#engine/protocol/model_training.ts';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Lines, type Series } from '#ui/plots/Lines.tsx';
import { domainOf } from '#ui/plots/line_path.ts';
import { formatShort } from '#ui/plots/numbers.ts';
import type { LiveModelRun, ModelStepKey } from '#ui/state/live_model_run.ts';
import { RunSwatch } from './Charts.tsx';

interface ModelChart {
  readonly title: string;
  readonly unit: string;
  readonly formula: string;
  readonly words: string;
  readonly series: readonly Series[];
}

/** Curves over tokens with one crosshair: loss, copying, right answers, learning rate, gradient norm. */
export function ModelCharts({ run }: { readonly run: LiveModelRun }) {
  const [at, setAt] = useState<number>();
  const [isLog, setLog] = useState(false);
  const charts = chartsOf(run, isLog);
  const xs = charts.flatMap((c) => c.series.map((s) => s.xs));
  const xScale = isLog ? 'log' : 'linear';
  const xDomain = xs.some((x) => x.length > 0) ? domainOf(xs, xScale) : undefined;
  return (
    <section aria-label="Charts" className="charts-box">
      <div className="spread">
        <label className="plot-switch">
          <input type="checkbox" checked={isLog} onChange={(e) => setLog(e.target.checked)} />
          log tokens
        </label>
        <span className="muted mono">
          {at === undefined ? 'x: tokens seen' : `at ${formatShort(at)} tokens`}
        </span>
      </div>
      <div className="charts">
        {charts.map((chart) => (
          <figure key={chart.title} className="chart">
            <figcaption className="row tight">
              <strong>{chart.title}</strong>
              <HelpHint term={chart.title} formula={chart.formula}>
                {chart.words}
              </HelpHint>
            </figcaption>
            {chart.series.every((s) => s.xs.length === 0) ? (
              <p className="muted no-values">No step yet.</p>
            ) : (
              <Lines
                series={chart.series}
                label={`${chart.title} over tokens`}
                xName="tokens"
                {...{ unit: chart.unit, xScale, xDomain, at, onAt: setAt }}
              />
            )}
            {chart.series.length > 1 && <Legend series={chart.series} />}
          </figure>
        ))}
      </div>
    </section>
  );
}

function Legend({ series }: { readonly series: readonly Series[] }) {
  return (
    <ul className="legend">
      {series.map((s) => (
        <li key={s.id} className={`tone-${s.tone}`}>
          <RunSwatch /> {s.label}
        </li>
      ))}
    </ul>
  );
}

const TONES = 6;

function chartsOf(run: LiveModelRun, isLog: boolean): readonly ModelChart[] {
  const line = (id: string, label: string, tone: number, points: readonly (readonly [number, number])[]) => {
    // Nothing is at 0 on a logarithmic axis.
    const shown = isLog ? points.filter(([x]) => x > 0) : points;
    return { id, label, tone, xs: shown.map(([x]) => x), ys: shown.map(([, y]) => y) };
  };
  const step = (key: ModelStepKey, label: string): Series =>
    line(
      key,
      label,
      0,
      run.steps.tokens.map((x, i) => [x, run.steps.columns[key][i] as number]),
    );
  const judged = (id: string, label: string, tone: number, of: (e: ModelEvaluation) => number | undefined) =>
    line(
      id,
      label,
      tone,
      run.evaluations.map((e) => [e.tokens, of(e) ?? Number.NaN]),
    );
  const kinds = run.evaluations.at(-1)?.abilities ?? [];
  const ability = (key: string, label: string, tone: number): Series =>
    judged(key, label, tone, (e) => e.abilities.find((a) => a.key === key)?.clean);
  const shares = kinds.filter((a) => a.unit === 'share').slice(0, TONES);
  return [
    {
      ...{ title: 'Loss', unit: 'nats', formula: 'mean of −log p(next token)' },
      words:
        'Training: the weighted loss of each batch, which holds many random copies at first. Held out: plain documents that training never sees.',
      series: [step('loss', 'training'), judged('heldOut', 'held out', 1, (e) => e.heldOutLoss)],
    },
    {
      ...{ title: 'Copying', unit: 'nats', formula: 'mean of −log p(next word) in w1 … wL w1 … wL' },
      words:
        'Random words said twice. When the second saying falls far below the first, the model has learnt to copy (induction).',
      series: [ability('randomFirst', 'first saying', 0), ability('induction', 'second saying', 1)],
    },
    {
      ...{ title: 'Right answers', unit: '', formula: 'share of prompts with the right answer ahead' },
      words: 'Names, brackets and questions; the table below explains each.',
      series: shares.map((a, tone) => ability(a.key, a.label, tone)),
    },
    {
      ...{ title: 'Gradient norm', unit: '', formula: '‖∇ loss‖₂ over all parameters, before clipping to 1' },
      words: 'Spikes show batches that surprised the model.',
      series: [step('gradNorm', 'gradient norm')],
    },
    {
      ...{ title: 'Learning rate', unit: '', formula: 'lr · warm-up(step) · decay(step)' },
      words: 'Rate of AdamW at the step.',
      series: [step('lr', 'learning rate')],
    },
  ];
}
