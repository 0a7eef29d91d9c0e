import { useEffect } from 'react';
import { valueIn } from '../state/loadable.ts';
import { useApp } from '../state/store.ts';

/** Single-letter shortcuts and where they work; shown by `?`. */
export const SHORTCUTS: readonly { readonly keys: string; readonly does: string }[] = [
  { keys: '← →', does: 'previous or next feature (feature view); previous or next token (token strip)' },
  { keys: '↑ ↓', does: 'previous or next example (feature view)' },
  { keys: '/', does: 'search or filter' },
  { keys: 't', does: 'write the test text or prompt' },
  { keys: 'd', does: 'split or combine direct feature attribution (feature view)' },
  { keys: 'n p', does: 'next or previous stop of the tour' },
  { keys: '⌘/Ctrl Enter', does: 'run the prompt now' },
  { keys: 'Esc', does: 'close what is open' },
  { keys: '?', does: 'this list' },
];

/** Elements take part by an attribute: data-shortcut="/" is focused or clicked when that key is pressed. */
export function useShortcuts(): void {
  const on = useApp((s) => s.shortcuts);
  useEffect(() => {
    if (!on) return;
    const onKeyDown = (e: KeyboardEvent) => {
      if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || isTyping(e.target)) return;
      if (act(e.key)) e.preventDefault();
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, [on]);
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable || target.closest('input, select, textarea, dialog, [role="slider"]') !== null
  );
}

function act(key: string): boolean {
  const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
  if (step !== 0) return stepFeature(step);
  if (!/^[/tdnp?]$/.test(key) && key !== 'ArrowUp' && key !== 'ArrowDown') return false;
  const el = document.querySelector<HTMLElement>(`[data-shortcut="${key}"]`);
  if (!el) return false;
  if (el.matches('input, textarea, select')) el.focus();
  else el.click();
  return true;
}

function stepFeature(step: number): boolean {
  const { view, sae, patchView } = useApp.getState();
  const d_sae = valueIn(sae)?.d_sae;
  if (view.kind !== 'feature' || d_sae === undefined) return false;
  patchView('feature', { feature: (view.feature + step + d_sae) % d_sae, bin: undefined }, 'replace');
  return true;
}
