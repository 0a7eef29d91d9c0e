import { useEffect } from 'react';
import type { TrainViewRef } from '#share/view_ref.ts';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Loadable } from '../components/Loadable.tsx';
import { Panel } from '../components/Panel.tsx';
import { isFinishing, type LiveRun } from '../state/live_run.ts';
import { useApp } from '../state/store.ts';
import { RunPanel } from './train/RunPanel.tsx';
import { RunsPanel } from './train/RunsPanel.tsx';
import { TrainForm } from './train/TrainForm.tsx';
import './train/train.css';

/** Training: a form drawn from the variant's own field list, the live run, and the runs of this device. */
export function TrainView() {
  const view = useApp((s) => s.view);
  if (view.kind !== 'train') return null;
  return (
    <div className="view train-view">
      <TrainForm />
      <div className="stack">
        <Failure />
        <Shown view={view} />
        <RunsPanel view={view} />
      </div>
    </div>
  );
}

/** The run that the link names, else the newest. */
function Shown({ view }: { readonly view: TrainViewRef }) {
  const run = useApp((s) => shownRun(s.runs, view));
  const load = useApp((s) => s.runsLoad);
  useSpaceKey(run);
  if (run) return <RunPanel view={view} run={run} />;
  return (
    <Panel title="No run yet">
      {load.status === 'loading' ? (
        <Loadable of={load} what="the runs of this device" />
      ) : (
        <p>
          Choose a layer and press Start: loss, L0, dead features and cross-entropy recovered appear here
          while the SAE forms. Nothing starts by itself.
        </p>
      )}
    </Panel>
  );
}

/** The run that the link names, else the newest; undefined when there is none. */
export function shownRun(runs: ReadonlyMap<string, LiveRun>, view: TrainViewRef): LiveRun | undefined {
  const named = view.run === undefined ? undefined : runs.get(view.run);
  return named ?? runs.values().next().value;
}

function Failure() {
  const error = useApp((s) => s.trainError);
  const dismiss = useApp((s) => s.dismissTrainError);
  return error ? <ErrorNote error={error} onDismiss={dismiss} /> : null;
}

/** Space pauses and resumes the shown run, unless a control has the focus or shortcuts are off. */
function useSpaceKey(run: LiveRun | undefined): void {
  const on = useApp((s) => s.shortcuts);
  const control = useApp((s) => s.controlRun);
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
