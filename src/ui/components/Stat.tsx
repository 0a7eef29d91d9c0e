import type { ReactNode } from 'react';
import type { Metric } from '#engine/protocol.ts';
import { formatCount, formatValue } from '../plots/numbers.ts';
import { HelpHint } from './HelpHint.tsx';
import './components.css';

export interface StatProps {
  readonly label: string;
  readonly value: ReactNode;
  /** Explains the number; without it there is no hint. */
  readonly help?: ReactNode;
  readonly formula?: string | undefined;
}

/** One labelled number with its explanation. */
export function Stat({ label, value, help, formula }: StatProps) {
  return (
    <div className="stat">
      <span className="label">
        {label}
        {help && (
          <HelpHint term={label} formula={formula}>
            {help}
          </HelpHint>
        )}
      </span>
      <span className="value">{value}</span>
    </div>
  );
}

/** A metric with the definition and the count it came with (decision 14). */
export function MetricStat({ label, metric }: { readonly label: string; readonly metric: Metric }) {
  return (
    <Stat
      label={label}
      value={formatValue(metric.value)}
      help={`Measured on ${formatCount(metric.n)} tokens.`}
      formula={metric.definition}
    />
  );
}
