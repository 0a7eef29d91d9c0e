import type { ModelEvaluation, ModelRunInfo } from '#engine/protocol/model_training.ts';
import { ErrorNote } from '#ui/components/ErrorNote.tsx';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { ViewLink } from '#ui/components/ViewLink.tsx';
import { formatCount, formatShort, formatValue } from '#ui/plots/numbers.ts';
import type { LiveModelRun } from '#ui/state/live_model_run.ts';
import { isFinishing } from '#ui/state/live_run.ts';
import { useApp } from '#ui/state/store.ts';
import { ModelCharts } from './ModelCharts.tsx';
import { RunButtons } from './RunButtons.tsx';
import { RunChips } from './RunChips.tsx';
import { RunNotes } from './RunNotes.tsx';

/** '2 layers, d_model 128, seed 0', or the title that the job carries. */
export function modelRunTitle({ job }: ModelRunInfo): string {
  const layers = job.n_layers === 1 ? '1 layer' : `${job.n_layers} layers`;
  return job.title ?? `transformer, ${layers}, d_model ${job.d_model}, seed ${job.seed}`;
}

/** One run of a transformer: chips, buttons, its text, curves and abilities, and at the end links to the model. */
export function ModelRunPanel({ run }: { readonly run: LiveModelRun }) {
  const control = useApp((s) => s.controlModelRun);
  const resume = useApp((s) => s.resumeModelRun);
  const { info } = run;
  return (
    <Panel
      title={modelRunTitle(info)}
      actions={<RunButtons run={run} keeps="model" control={control} resume={resume} />}
    >
      <div className="stack">
        <RunChips run={run} />
        {run.error && <ErrorNote error={run.error} />}
        {isFinishing(run) && (
          <p className="loading" role="status">
            Training is done; measuring and storing the model
          </p>
        )}
        {info.model !== undefined && (
          <p className="note">
            The model is saved on this device.{' '}
            <ViewLink view={{ kind: 'prompt', model: info.model }}>Give it a prompt</ViewLink> or{' '}
            <ViewLink view={{ kind: 'train', model: info.model }}>train an SAE on it</ViewLink>.
          </p>
        )}
        <Sample evaluation={run.evaluations.at(-1)} />
        <ModelCharts run={run} />
        <Abilities evaluations={run.evaluations} />
        <RunNotes run={run} />
      </div>
    </Panel>
  );
}

/** What the model writes now; text, never HTML. */
function Sample({ evaluation }: { readonly evaluation: ModelEvaluation | undefined }) {
  return (
    <section aria-label="Sample text">
      <h3>
        Sample text{' '}
        <HelpHint term="Sample text." formula="next token ~ softmax(logits ÷ 0.8)">
          Drawn from the current weights at temperature 0.8 after a beginning-of-document token, with the same
          seed every time: what changes is the model.
        </HelpHint>
        {evaluation && <span className="muted"> at {formatShort(evaluation.tokens)} tokens</span>}
      </h3>
      <p className="sample-text mono">{evaluation ? evaluation.sample || '(nothing)' : 'Not drawn yet.'}</p>
    </section>
  );
}

const UNITS = { nats: 'nats', share: 'share', probability: 'p' } as const;

/** What the model can do: before training, and now. */
function Abilities({ evaluations }: { readonly evaluations: readonly ModelEvaluation[] }) {
  const first = evaluations[0];
  const last = evaluations.at(-1);
  if (!first || !last || last.abilities.length === 0) return null;
  const before = new Map(first.abilities.map((a) => [a.key, a.clean]));
  return (
    <section aria-label="Abilities">
      <h3>
        Abilities{' '}
        <HelpHint term="Abilities.">
          Few prompts each, from seeds that training never uses, so the figures are rough; every name explains
          its measure.
        </HelpHint>
      </h3>
      <div className="scroll-x">
        <table className="final">
          <thead>
            <tr>
              <th scope="col">ability</th>
              <th scope="col" className="num">
                at {formatShort(first.tokens)} tokens
              </th>
              <th scope="col" className="num">
                at {formatShort(last.tokens)}
              </th>
              <th scope="col">unit</th>
              <th scope="col">better</th>
              <th scope="col" className="num">
                n
              </th>
            </tr>
          </thead>
          <tbody>
            {last.abilities.map((a) => (
              <tr key={a.key}>
                <th scope="row">
                  {a.label} <HelpHint term={a.label}>{a.definition}</HelpHint>
                </th>
                <td className="num mono">{formatValue(before.get(a.key) ?? Number.NaN)}</td>
                <td className="num mono">{formatValue(a.clean)}</td>
                <td>{UNITS[a.unit]}</td>
                <td>{a.better}</td>
                <td className="num mono">{formatCount(a.n)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
