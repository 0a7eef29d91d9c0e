import { useEffect, useState } from 'react';
import { Stat } from '#ui/components/Stat.tsx';
import { formatBytes, formatCount, formatSeconds, formatShort } from '#ui/plots/numbers.ts';
import { elapsedSeconds, isFinishing, type RunState, secondsLeft } from '#ui/state/live_run.ts';
import { useApp } from '#ui/state/store.ts';

/** Counts, clock and progress of a run of either kind. */
export function RunChips({ run }: { readonly run: RunState }) {
  const now = useNow(run.clock.since !== undefined);
  const gpuBytes = useApp((s) => s.gpuBytes);
  const left = secondsLeft(run);
  const isLive = run.clock.since !== undefined;
  return (
    <>
      <div className="stats chips">
        <Stat label="status" value={run.info.status} />
        <Stat label="step" value={`${formatCount(run.info.step)} of ${formatCount(run.info.steps)}`} />
        <Stat
          label="tokens"
          value={`${formatShort(run.info.tokens)} of ${formatShort(run.info.job.tokens)}`}
        />
        {run.latest && <Stat label="tokens/s" value={formatShort(run.latest.tokensPerSecond)} />}
        {(isLive || run.clock.ms > 0) && (
          <Stat
            label="elapsed"
            value={formatSeconds(elapsedSeconds(run, now))}
            help="Time spent running in this tab, pauses left out."
          />
        )}
        {isLive && left !== undefined && !isFinishing(run) && (
          <Stat label="ETA" value={formatSeconds(left)} />
        )}
        {isLive && gpuBytes !== undefined && (
          <Stat
            label="GPU"
            value={formatBytes(gpuBytes)}
            help="Bytes of GPU buffers that the engine holds now."
          />
        )}
      </div>
      <progress
        className="run-progress"
        aria-label="Training progress"
        max={run.info.job.tokens}
        value={Math.min(run.info.tokens, run.info.job.tokens)}
      />
      <Spoken run={run} />
    </>
  );
}

/** The clock of the elapsed chip, once a second while the run is going. */
export function useNow(isRunning: boolean): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => setNow(performance.now()), 1000);
    return () => clearInterval(timer);
  }, [isRunning]);
  return Math.max(now, 0);
}

/** Progress for a screen reader, at most every ten seconds (decision 32). */
function Spoken({ run }: { readonly run: RunState }) {
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
