import type { ModelPlan } from '#engine/protocol/model_training.ts';
import type { TrainPlan } from '#engine/protocol/training.ts';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { formatBytes, formatCount, formatSeconds } from '#ui/plots/numbers.ts';
import type { RunState } from '#ui/state/live_run.ts';
import type { Loadable } from '#ui/state/loadable.ts';
import { useApp } from '#ui/state/store.ts';

export interface PlanBoxProps {
  readonly errors: readonly string[];
  readonly plan: Loadable<TrainPlan | ModelPlan>;
  /** Where the predicted time comes from. */
  readonly time: string;
}

/** What the run would cost on this device, and the Start button; a run that does not fit cannot be started. */
export function PlanBox({ errors, plan, time }: PlanBoxProps) {
  const starting = useApp((s) => s.starting);
  const busy = useApp((s) => [...s.runs.values(), ...s.modelRuns.values()].some(isRunning));
  const fits = plan.status === 'ready' && plan.value.fits && errors.length === 0;
  return (
    <div className="plan">
      {errors.length > 0 ? (
        <p className="note bad">Correct the marked fields to see what the run costs.</p>
      ) : plan.status === 'ready' ? (
        <Cost plan={plan.value} time={time} />
      ) : plan.status === 'failed' ? (
        <p className="note bad" role="alert">
          <strong>{plan.error.message}</strong> {plan.error.hint}
        </p>
      ) : (
        <p className="loading">Planning the run</p>
      )}
      <button type="submit" className="primary" disabled={!fits || starting || busy}>
        {starting ? 'Starting' : 'Start training'}
      </button>
      {busy && <span className="muted"> a run is under way; stop it or wait for its end</span>}
    </div>
  );
}

const isRunning = (run: RunState): boolean => run.info.status === 'running' && run.clock.since !== undefined;

function Cost({ plan, time }: { readonly plan: TrainPlan | ModelPlan; readonly time: string }) {
  return (
    <>
      <dl className="plan-cost">
        <div>
          <dt>
            time <HelpHint term="Predicted time.">{time}</HelpHint>
          </dt>
          <dd>
            {plan.secondsPredicted === undefined
              ? 'known after the first steps'
              : formatSeconds(plan.secondsPredicted)}
          </dd>
        </div>
        {'parameters' in plan && (
          <div>
            <dt>parameters</dt>
            <dd>{formatCount(plan.parameters)}</dd>
          </div>
        )}
        <div>
          <dt>steps</dt>
          <dd>{formatCount(plan.steps)}</dd>
        </div>
        <div>
          <dt>GPU memory</dt>
          <dd>{formatBytes(plan.gpuBytes)}</dd>
        </div>
        <div>
          <dt>checkpoint</dt>
          <dd>{formatBytes(plan.checkpointBytes)}</dd>
        </div>
      </dl>
      {!plan.fits && (
        <p className="note bad" role="alert">
          <strong>This run does not fit.</strong> {plan.refusal}
        </p>
      )}
    </>
  );
}
