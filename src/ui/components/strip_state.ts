import { type KeyboardEvent, type RefObject, useRef, useState } from 'react';
import { moveTo } from './token_keys.ts';

export interface StripActions {
  readonly length: number;
  readonly selected?: number | undefined;
  readonly onSelect?: ((index: number) => void) | undefined;
  readonly onHover?: ((index: number | undefined) => void) | undefined;
}
/** A token and its box in the window. */
export interface StripPlace {
  readonly index: number;
  readonly rect: DOMRect;
}
type Aimed = { readonly target: EventTarget };

/** What a token strip remembers: which token is shown in the card, which one is the tab stop; and its event handlers. */
export function useStripState({ length, selected, onSelect, onHover }: StripActions) {
  const root: RefObject<HTMLDivElement | null> = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<StripPlace | undefined>(undefined);
  const [focus, setFocus] = useState(0);
  const show = (el: HTMLElement | null) => {
    if (!el) return;
    const index = indexOf(el);
    setAt({ index, rect: el.getBoundingClientRect() });
    onHover?.(index);
  };
  const hide = () => {
    setAt(undefined);
    onHover?.(undefined);
  };
  const onKeyDown = (e: KeyboardEvent) => {
    const here = tokenAt(e);
    if (e.key === 'Escape') return hide();
    if (!here) return;
    const isChoice = e.key === 'Enter' || e.key === ' ';
    const next = isChoice ? undefined : moveTo(e.key, indexOf(here), length);
    if (!isChoice && next === undefined) return;
    e.preventDefault();
    e.stopPropagation();
    if (next === undefined) return onSelect?.(indexOf(here));
    setFocus(next);
    root.current?.querySelector<HTMLElement>(`[data-i="${next}"]`)?.focus();
  };
  return {
    root,
    at: at && at.index < length ? at : undefined,
    stop: Math.min(selected ?? focus, length - 1),
    handlers: {
      onKeyDown,
      onPointerOver: (e: Aimed) => show(tokenAt(e)),
      onPointerLeave: hide,
      onFocus: (e: Aimed) => {
        const el = tokenAt(e);
        if (el?.matches(':focus-visible')) show(el);
      },
      onBlur: hide,
      onClick: (e: Aimed) => {
        const el = tokenAt(e);
        if (!el) return;
        setFocus(indexOf(el));
        onSelect?.(indexOf(el));
      },
    },
  };
}

const indexOf = (el: HTMLElement): number => Number(el.dataset['i']);

function tokenAt({ target }: Aimed): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>('[data-i]') : null;
}
