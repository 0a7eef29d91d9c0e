import { useEffect, useState } from 'react';
import type { TrainViewRef } from '#share/view_ref.ts';
import { ErrorNote } from '#ui/components/ErrorNote.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { Stat } from '#ui/components/Stat.tsx';
import { ViewLink } from '#ui/components/ViewLink.tsx';
import { formatBytes, formatCount, formatSeconds, formatShort } from '#ui/plots/numbers.ts';
import { elapsedSeconds, isFinishing, type LiveRun, secondsLeft } from '#ui/state/live_run.ts';
import { useApp } from '#ui/state/store.ts';
import { Charts } from './Charts.tsx';
import { FinalMetrics } from './FinalMetrics.tsx';
import { RunButtons } from './RunButtons.tsx';
import { RunNotes } from './RunNotes.tsx';
import { runTitle } from './run_title.ts';

/** One run: chips, buttons, charts, events and, at the end, its metrics and a link to its features. */
export function RunPanel({ view, run }: { readonly view: TrainViewRef; readonly run: LiveRun }) {
  const { info } = run;
  return (
    <Panel title={runTitle(info)} actions={<RunButtons run={run} />}>
      <div className="stack">
        <Chips run={run} />
        <progress
          className="run-progress"
          aria-label="Training progress"
          max={info.job.tokens}
          value={Math.min(info.tokens, info.job.tokens)}
        />
        <Spoken run={run} />
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

function Chips({ run }: { readonly run: LiveRun }) {
  const now = useNow(run.clock.since !== undefined);
  const gpuBytes = useApp((s) => s.gpuBytes);
  const left = secondsLeft(run);
  const isLive = run.clock.since !== undefined;
  return (
    <div className="stats chips">
      <Stat label="status" value={run.info.status} />
      <Stat label="step" value={`${formatCount(run.info.step)} of ${formatCount(run.info.steps)}`} />
      <Stat label="tokens" value={`${formatShort(run.info.tokens)} of ${formatShort(run.info.job.tokens)}`} />
      {run.latest && <Stat label="tokens/s" value={formatShort(run.latest.tokensPerSecond)} />}
      {(isLive || run.clock.ms > 0) && (
        <Stat
          label="elapsed"
          value={formatSeconds(elapsedSeconds(run, now))}
          help="Time spent running in this tab, pauses left out."
        />
      )}
      {isLive && left !== undefined && !isFinishing(run) && <Stat label="ETA" value={formatSeconds(left)} />}
      {isLive && gpuBytes !== undefined && (
        <Stat
          label="GPU"
          value={formatBytes(gpuBytes)}
          help="Bytes of GPU buffers that the engine holds now."
        />
      )}
    </div>
  );
}

/** The clock of the elapsed chip, once a second while the run is going. */
function useNow(isRunning: boolean): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => setNow(performance.now()), 1000);
    return () => clearInterval(timer);
  }, [isRunning]);
  return Math.max(now, 0);
}

/** Progress for a screen reader, at most every ten seconds (decision 32). */
function Spoken({ run }: { readonly run: LiveRun }) {
  const [said, say] = useState('');
  const tenth = Math.floor(useNow(run.clock.since !== undefined) / 10_000);
  const { status, step, steps } = run.info;
  // biome-ignore lint/correctness/useExhaustiveDependencies: steps in between are left unsaid on purpose
  useEffect(() => {
    say(`run ${status}, step ${step} of ${steps}`);
  }, [tenth, status]);
  return (
    <p className="sr-only" role="status">
      {said}
    </p>
  );
}
