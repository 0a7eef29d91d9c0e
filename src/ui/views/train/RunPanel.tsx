import type { TrainViewRef } from '#share/view_ref.ts';
import { ErrorNote } from '#ui/components/ErrorNote.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { ViewLink } from '#ui/components/ViewLink.tsx';
import { isFinishing, type LiveRun } from '#ui/state/live_run.ts';
import { useApp } from '#ui/state/store.ts';
import { Charts } from './Charts.tsx';
import { FinalMetrics } from './FinalMetrics.tsx';
import { PinnedFeatures } from './pins/PinnedFeatures.tsx';
import { RunButtons } from './RunButtons.tsx';
import { RunChips } from './RunChips.tsx';
import { RunNotes } from './RunNotes.tsx';
import { runTitle } from './run_title.ts';

/** One run: chips, buttons, charts, events and, at the end, its metrics and a link to its features. */
export function RunPanel({ view, run }: { readonly view: TrainViewRef; readonly run: LiveRun }) {
  const { info } = run;
  const control = useApp((s) => s.controlRun);
  const resume = useApp((s) => s.resumeStored);
  return (
    <Panel
      title={runTitle(info)}
      actions={<RunButtons run={run} keeps="SAE" control={control} resume={resume} />}
    >
      <div className="stack">
        <RunChips run={run} />
        {run.error && <ErrorNote error={run.error} />}
        <Finishing run={run} />
        {info.sae !== undefined && (
          <p className="note">
            The SAE is saved on this device.{' '}
            <ViewLink view={{ kind: 'features', model: info.job.model, sae: info.sae }}>
              See its features
            </ViewLink>
          </p>
        )}
        <FinalMetrics run={run} />
        <Charts view={view} run={run} />
        <PinnedFeatures run={run} />
        <RunNotes run={run} />
      </div>
    </Panel>
  );
}

/** After the last step: metrics (without progress), then abilities, then the index. */
function Finishing({ run }: { readonly run: LiveRun }) {
  if (run.indexing !== undefined) {
    return (
      <p className="loading" role="status">
        <progress aria-label="Building the feature index" max={1} value={run.indexing} />
        Training is done; building the feature index
      </p>
    );
  }
  if (!isFinishing(run) && run.wish !== 'stop') return null;
  if (run.measuring !== undefined) {
    return (
      <p className="loading" role="status">
        <progress aria-label="Measuring abilities" max={1} value={run.measuring} />
        Training is done; measuring the model’s abilities with the SAE spliced in
      </p>
    );
  }
  return (
    <p className="loading" role="status">
      <progress aria-label="Measuring the SAE" />
      Training is done; measuring the SAE on held-out tokens
    </p>
  );
}
