import { type ReactNode, useId } from 'react';
import './components.css';

export interface PanelProps {
  readonly title: ReactNode;
  /** A HelpHint: what the panel shows, in words and formula. */
  readonly help?: ReactNode;
  /** Buttons and toggles at the right of the title. */
  readonly actions?: ReactNode;
  /** No padding around the body: tables and lists. */
  readonly flush?: boolean | undefined;
  readonly className?: string | undefined;
  readonly children: ReactNode;
}

/** A titled box of a view; its heading names the region for assistive technology. */
export function Panel({ title, help, actions, flush, className, children }: PanelProps) {
  const id = useId();
  return (
    <section className={`panel ${className ?? ''}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {help}
        {actions && <div className="actions">{actions}</div>}
      </header>
      <div className={flush ? 'body flush' : 'body'}>{children}</div>
    </section>
  );
}
