import type { TrainViewRef } from '#share/view_ref.ts';
import { Panel } from '#ui/components/Panel.tsx';
import type { LiveModelRun } from '#ui/state/live_model_run.ts';
import { useApp } from '#ui/state/store.ts';
import { Failure } from './Failure.tsx';
import { ModelForm } from './ModelForm.tsx';
import { ModelRunPanel } from './ModelRunPanel.tsx';
import { ModelRunsPanel } from './ModelRunsPanel.tsx';
import { useSpaceKey } from './use_space_key.ts';

/** Training a transformer from scratch: form, live run, runs of this device. */
export function ModelTrainView({ view }: { readonly view: TrainViewRef }) {
  const run = useApp((s) => shownModelRun(s.modelRuns, view));
  const control = useApp((s) => s.controlModelRun);
  useSpaceKey(run, control);
  return (
    <div className="view train-view">
      <ModelForm />
      <div className="stack">
        <Failure />
        {run ? (
          <ModelRunPanel run={run} />
        ) : (
          <Panel title="No run yet">
            <p>
              Press Start: the loss, what the model can do and a sample of its text appear here while it
              learns. Nothing starts by itself.
            </p>
          </Panel>
        )}
        <ModelRunsPanel view={view} shown={run?.info.id} />
      </div>
    </div>
  );
}

/** The run that the link names, else the newest. */
function shownModelRun(
  runs: ReadonlyMap<string, LiveModelRun>,
  view: TrainViewRef,
): LiveModelRun | undefined {
  const named = view.run === undefined ? undefined : runs.get(view.run);
  return named ?? runs.values().next().value;
}
