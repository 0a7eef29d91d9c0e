import { type ReactNode, useState } from 'react';
import type { FeatureDashboard } from '#engine/protocol/features.ts';
import { formatCount } from '#ui/plots/numbers.ts';

/** Covers the plots of a feature that never fired until the person asks for them. */
export function DeadCover(o: { readonly dashboard: FeatureDashboard; readonly children: ReactNode }) {
  const [isShown, show] = useState(false);
  if (o.dashboard.density > 0 || isShown) return o.children;
  return (
    <div className="dead-cover">
      <p>
        <strong>Never fired on {formatCount(o.dashboard.nTokens)} tokens.</strong> What its decoder would
        write can still be read.
      </p>
      <button type="button" onClick={() => show(true)}>
        Show anyway
      </button>
    </div>
  );
}
