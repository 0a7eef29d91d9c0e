import type { TrainPlan } from '#engine/protocol.ts';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { formatBytes, formatCount, formatSeconds } from '#ui/plots/numbers.ts';
import { useApp } from '#ui/state/store.ts';

/** What the run would cost on this device, and the Start button; a run that does not fit cannot be started. */
export function PlanBox({ errors }: { readonly errors: readonly string[] }) {
  const plan = useApp((s) => s.plan);
  const starting = useApp((s) => s.starting);
  const busy = useApp((s) =>
    [...s.runs.values()].some((r) => r.info.status === 'running' && r.clock.since !== undefined),
  );
  const fits = plan.status === 'ready' && plan.value.fits && errors.length === 0;
  return (
    <div className="plan">
      {errors.length > 0 ? (
        <p className="note bad">Correct the marked fields to see what the run costs.</p>
      ) : plan.status === 'ready' ? (
        <Cost plan={plan.value} />
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

function Cost({ plan }: { readonly plan: TrainPlan }) {
  return (
    <>
      <dl className="plan-cost">
        <div>
          <dt>
            time{' '}
            <HelpHint term="Predicted time.">
              From the last run of this variant on this device, scaled by d_sae; before the first run from a
              calibration: eight small steps and one forward pass, scaled by d_in · d_sae and tokens.
            </HelpHint>
          </dt>
          <dd>
            {plan.secondsPredicted === undefined
              ? 'known after the first steps'
              : formatSeconds(plan.secondsPredicted)}
          </dd>
        </div>
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
