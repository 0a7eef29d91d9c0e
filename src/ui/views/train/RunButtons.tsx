import { formatCount } from '#ui/plots/numbers.ts';
import { isFinishing, type LiveRun } from '#ui/state/live_run.ts';
import { useApp } from '#ui/state/store.ts';
import { isActive } from '#ui/state/training.ts';

/** Pause, resume, stop, checkpoint of a live run; resume of an interrupted one. */
export function RunButtons({ run }: { readonly run: LiveRun }) {
  const control = useApp((s) => s.controlRun);
  const { id, status } = run.info;
  const { wish } = run;
  if (!isActive(run)) return <ResumeButton run={run} />;
  const waits = wish !== undefined;
  return (
    <>
      {status === 'running' && !isFinishing(run) && (
        <button
          type="button"
          disabled={waits}
          onClick={() => control(id, 'pause')}
          title="Pause after this step (Space)"
        >
          {wish === 'pause' ? 'Pausing' : 'Pause'}
        </button>
      )}
      {status === 'paused' && (
        <button
          type="button"
          className="primary"
          disabled={waits}
          onClick={() => control(id, 'resume')}
          title="Resume (Space)"
        >
          Resume
        </button>
      )}
      {!isFinishing(run) && (
        <>
          <button
            type="button"
            disabled={waits}
            onClick={() => control(id, 'checkpoint')}
            title="Save a checkpoint now"
          >
            Save
          </button>
          <button
            type="button"
            className="danger"
            disabled={wish === 'stop'}
            onClick={() => control(id, 'stop')}
            title="End here and keep the SAE"
          >
            {wish === 'stop' ? 'Stopping' : 'Stop'}
          </button>
        </>
      )}
    </>
  );
}

/** Takes an interrupted run up where its last checkpoint left it. */
export function ResumeButton({ run }: { readonly run: LiveRun }) {
  const resume = useApp((s) => s.resumeStored);
  const starting = useApp((s) => s.starting);
  const gpu = useApp((s) => s.gpu);
  const { id, status, checkpointStep } = run.info;
  if (status !== 'interrupted' && status !== 'paused' && status !== 'failed') return null;
  return (
    <button
      type="button"
      disabled={starting || gpu !== 'ready'}
      title="From its last checkpoint, exactly"
      onClick={() => resume(id)}
    >
      Resume from step {formatCount(checkpointStep)}
    </button>
  );
}
