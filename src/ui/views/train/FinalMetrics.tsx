import type { Metrics } from '#engine/protocol/metrics.ts';
import { AbilityList } from '#ui/components/AbilityList.tsx';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { formatCount, formatValue } from '#ui/plots/numbers.ts';
import type { LiveRun } from '#ui/state/live_run.ts';
import { valueIn } from '#ui/state/loadable.ts';
import { useApp } from '#ui/state/store.ts';
import { METRIC_NAMES } from './definitions.ts';

/** Held-out metrics of the finished SAE, each with its definition and the tokens it was measured on. */
export function FinalMetrics({ run }: { readonly run: LiveRun }) {
  const stored = useApp((s) => valueIn(s.saes)?.find((x) => x.id === run.info.sae));
  const metrics: Metrics | undefined = run.summary?.metrics ?? stored?.metrics;
  const abilities = run.summary?.abilities ?? stored?.abilities;
  const rows = METRIC_NAMES.flatMap(([key, name]) => {
    const metric = metrics?.[key];
    return metric ? [{ key, name, metric }] : [];
  });
  if (rows.length === 0) return null;
  return (
    <section aria-label="Final metrics">
      <h3>
        Final metrics{' '}
        <HelpHint term="Final metrics.">
          Measured once after training, on tokens that were not trained on, with unprocessed weights.
        </HelpHint>
      </h3>
      <div className="scroll-x">
        <table className="final">
          <thead>
            <tr>
              <th scope="col">metric</th>
              <th scope="col" className="num">
                value
              </th>
              <th scope="col" className="num">
                nothing excluded
              </th>
              <th scope="col" className="num">
                tokens
              </th>
              <th scope="col">definition</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ key, name, metric }) => (
              <tr key={key}>
                <th scope="row">{name}</th>
                <td className="num mono">{formatValue(metric.value)}</td>
                <td className="num mono">{metric.all === undefined ? '–' : formatValue(metric.all)}</td>
                <td className="num mono">{formatCount(metric.n)}</td>
                <td className="muted">{metric.definition}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {abilities && <AbilityList abilities={abilities} sae={stored?.title ?? 'the SAE'} />}
    </section>
  );
}
