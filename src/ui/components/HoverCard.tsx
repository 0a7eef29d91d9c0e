import { type ReactNode, useLayoutEffect, useRef } from 'react';
import './components.css';

export interface HoverCardProps {
  readonly id: string;
  /** Box of the thing it belongs to, in window coordinates. */
  readonly anchor: DOMRect;
  readonly children: ReactNode;
}

/** A small card beside a token, without delay; it never takes the pointer. */
export function HoverCard({ id, anchor, children }: HoverCardProps) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const el = box.current;
    if (!el) return;
    const b = el.getBoundingClientRect();
    const below = anchor.bottom + 6 + b.height <= innerHeight || anchor.top < b.height + 6;
    el.style.left = `${Math.max(8, Math.min(anchor.left, innerWidth - b.width - 8))}px`;
    el.style.top = `${below ? anchor.bottom + 6 : anchor.top - b.height - 6}px`;
  });
  return (
    <div ref={box} id={id} role="tooltip" className="hover-card">
      {children}
    </div>
  );
}
