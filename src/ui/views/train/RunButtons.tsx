import { formatCount } from '#ui/plots/numbers.ts';
import { isActive, isFinishing, type RunState } from '#ui/state/live_run.ts';
import { useApp } from '#ui/state/store.ts';

/** Actions on a run of either kind. */
export interface RunButtonsProps {
  readonly run: RunState;
  /** What stays when the run is stopped: 'SAE' or 'model'. */
  readonly keeps: string;
  readonly control: (run: string, action: 'pause' | 'resume' | 'stop' | 'checkpoint') => void;
  readonly resume: (run: string) => void;
}

/** Pause, resume, stop, checkpoint of a live run; resume of an interrupted one. */
export function RunButtons({ run, keeps, control, resume }: RunButtonsProps) {
  const { id, status } = run.info;
  const { wish } = run;
  if (!isActive(run)) return <ResumeButton run={run} resume={resume} />;
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
            title={`End here and keep the ${keeps}`}
          >
            {wish === 'stop' ? 'Stopping' : 'Stop'}
          </button>
        </>
      )}
    </>
  );
}

/** Takes an interrupted run up where its last checkpoint left it. */
export function ResumeButton({ run, resume }: Pick<RunButtonsProps, 'run' | 'resume'>) {
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
