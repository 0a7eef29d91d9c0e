import { useEffect } from 'react';
import { isFinishing, type RunState } from '#ui/state/live_run.ts';
import { useApp } from '#ui/state/store.ts';
import type { RunButtonsProps } from './RunButtons.tsx';

/** Space pauses and resumes the shown run, unless a control has the focus or shortcuts are off. */
export function useSpaceKey(run: RunState | undefined, control: RunButtonsProps['control']): void {
  const on = useApp((s) => s.shortcuts);
  const id = run?.info.id;
  const status = run && run.wish === undefined && !isFinishing(run) ? run.info.status : undefined;
  useEffect(() => {
    if (!on || id === undefined || (status !== 'running' && status !== 'paused')) return;
    const onKeyDown = (e: KeyboardEvent) => {
      if (e.key !== ' ' || e.defaultPrevented || isControl(e.target)) return;
      e.preventDefault();
      void control(id, status === 'running' ? 'pause' : 'resume');
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, [on, id, status, control]);
}

const isControl = (target: EventTarget | null): boolean =>
  target instanceof Element &&
  target.closest('button, input, select, textarea, a, summary, dialog, [role="slider"]') !== null;
