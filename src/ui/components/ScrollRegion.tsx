import type { ReactNode } from 'react';
import './components.css';

export interface ScrollRegionProps {
  /** What scrolls, for assistive technology. */
  readonly label: string;
  readonly className?: string | undefined;
  readonly children: ReactNode;
}

/** A box that scrolls sideways where the window is narrow, reachable by keyboard. */
export function ScrollRegion({ label, className, children }: ScrollRegionProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className={className ?? 'scroll-x'} tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
