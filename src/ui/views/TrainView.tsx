import type { TrainViewRef } from '#share/view_ref.ts';
import { Loadable } from '../components/Loadable.tsx';
import { Panel } from '../components/Panel.tsx';
import type { LiveRun } from '../state/live_run.ts';
import { TRANSFORMER } from '../state/model_draft.ts';
import { useApp } from '../state/store.ts';
import { Failure } from './train/Failure.tsx';
import { ModelTrainView } from './train/ModelTrainView.tsx';
import { RunPanel } from './train/RunPanel.tsx';
import { RunsPanel } from './train/RunsPanel.tsx';
import { TrainForm } from './train/TrainForm.tsx';
import { useSpaceKey } from './train/use_space_key.ts';
import './train/train.css';

/** Training: a form drawn from the variant's own field list, the live run, and the runs of this device. */
export function TrainView() {
  const view = useApp((s) => s.view);
  if (view.kind !== 'train') return null;
  if (view.variant === TRANSFORMER) return <ModelTrainView view={view} />;
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
  useSpaceKey(
    run,
    useApp((s) => s.controlRun),
  );
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
