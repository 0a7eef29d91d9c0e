import type { ReactNode } from 'react';
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
