import { type ReactNode, useId, useRef } from 'react';
import './components.css';

export interface HelpHintProps {
  /** What is explained: 'explained variance'. */
  readonly term: string;
  /** One or two plain sentences. */
  readonly children: ReactNode;
  readonly formula?: string | undefined;
}

/** A question mark that opens a popover with words and, where there is one, the formula. */
export function HelpHint({ term, children, formula }: HelpHintProps) {
  const id = useId();
  const pop = useRef<HTMLDivElement>(null);
  return (
    <>
      <button
        type="button"
        className="help"
        aria-label={`Help: ${term.replace(/\.$/, '')}`}
        popoverTarget={id}
        onClick={(e) => placeNear(e.currentTarget, pop.current)}
      >
        <span aria-hidden="true">?</span>
      </button>
      <div ref={pop} id={id} popover="auto" className="help-pop">
        <strong>{term}</strong> {children}
        {formula && <code className="formula">{formula}</code>}
      </div>
    </>
  );
}

/** Puts a fixed box below its anchor, or above where there is no room, inside the window. Anchor positioning in CSS is younger than the browser floor. */
export function placeNear(anchor: Element, box: HTMLElement | null): void {
  if (!box) return;
  requestAnimationFrame(() => {
    const a = anchor.getBoundingClientRect();
    const b = box.getBoundingClientRect();
    const below = a.bottom + 4 + b.height <= innerHeight || a.top < b.height + 4;
    box.style.left = `${Math.max(8, Math.min(a.left, innerWidth - b.width - 8))}px`;
    box.style.top = `${below ? a.bottom + 4 : a.top - b.height - 4}px`;
  });
}
