import type { MouseEvent, ReactNode } from 'react';
import { encodeView } from '#share/codec.ts';
import type { ViewRef } from '#share/view_ref.ts';
import { useApp } from '../state/store.ts';

export interface ViewLinkProps {
  readonly view: ViewRef;
  readonly children: ReactNode;
  readonly className?: string | undefined;
  readonly title?: string | undefined;
  /** Key that clicks it (useShortcuts.ts). */
  readonly shortcut?: string | undefined;
  readonly current?: 'step' | undefined;
}

/** A real link to a view: a click goes there within the page, a modifier-click opens it in its own tab. */
export function ViewLink({ view, children, className, title, shortcut, current }: ViewLinkProps) {
  const go = useApp((s) => s.go);
  const onClick = (e: MouseEvent) => {
    if (e.metaKey || e.ctrlKey || e.shiftKey || e.altKey || e.button !== 0) return;
    e.preventDefault();
    go(view);
  };
  return (
    <a
      href={encodeView(view).hash}
      className={className}
      title={title}
      data-shortcut={shortcut}
      aria-current={current}
      onClick={onClick}
    >
      {children}
    </a>
  );
}
