import { type ReactNode, useId } from 'react';
import './components.css';

/** Panels that the tour points at. */
export type PanelAnchor =
  | 'attribution'
  | 'test-text'
  | 'examples'
  | 'density'
  | 'active-features'
  | 'new-run';

export interface PanelProps {
  readonly title: ReactNode;
  /** A HelpHint: what the panel shows, in words and formula. */
  readonly help?: ReactNode;
  /** Buttons and toggles at the right of the title. */
  readonly actions?: ReactNode;
  /** No padding around the body: tables and lists. */
  readonly flush?: boolean | undefined;
  readonly className?: string | undefined;
  /** Name by which a stop of the tour points at this panel. */
  readonly anchor?: PanelAnchor | undefined;
  readonly children: ReactNode;
}

/** A titled box of a view; its heading names the region for assistive technology. */
export function Panel({ title, help, actions, flush, className, anchor, children }: PanelProps) {
  const id = useId();
  return (
    <section className={`panel ${className ?? ''}`} aria-labelledby={id} data-anchor={anchor}>
      <header>
        <h2 id={id}>{title}</h2>
        {help}
        {actions && <div className="actions">{actions}</div>}
      </header>
      <div className={flush ? 'body flush' : 'body'}>{children}</div>
    </section>
  );
}
