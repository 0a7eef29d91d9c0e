import type { TrainViewRef } from '#share/view_ref.ts';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { ViewLink } from '#ui/components/ViewLink.tsx';
import { formatCount, formatShort, formatValue } from '#ui/plots/numbers.ts';
import type { LiveModelRun } from '#ui/state/live_model_run.ts';
import { isActive } from '#ui/state/live_run.ts';
import { useApp } from '#ui/state/store.ts';
import { modelRunTitle } from './ModelRunPanel.tsx';
import { ResumeButton } from './RunButtons.tsx';
import { startedAt } from './RunsPanel.tsx';

interface ModelRunsPanelProps {
  readonly view: TrainViewRef;
  /** Id of the run that is shown. */
  readonly shown: string | undefined;
}

/** Every transformer's run of this device. */
export function ModelRunsPanel({ view, shown }: ModelRunsPanelProps) {
  const runs = useApp((s) => s.modelRuns);
  if (runs.size === 0) return null;
  return (
    <Panel
      title="Transformers trained on this device"
      flush
      help={
        <HelpHint term="Runs.">
          Kept with their curves and last checkpoint, so they survive a reload. An interrupted run goes on
          from its last checkpoint with the losses of one that was never interrupted.
        </HelpHint>
      }
    >
      <div className="scroll-x">
        <table className="runs">
          <thead>
            <tr>
              <th scope="col">run</th>
              <th scope="col">status</th>
              <th scope="col" className="num">
                step
              </th>
              <th scope="col" className="num">
                tokens
              </th>
              <th scope="col" className="num">
                held-out loss
              </th>
              <th scope="col">started</th>
              <th scope="col">actions</th>
            </tr>
          </thead>
          <tbody>
            {[...runs.values()].map((run) => (
              <Row key={run.info.id} run={run} view={view} isShown={shown === run.info.id} />
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Row(o: { readonly run: LiveModelRun; readonly view: TrainViewRef; readonly isShown: boolean }) {
  const { run, view, isShown } = o;
  const resume = useApp((s) => s.resumeModelRun);
  const { info } = run;
  const loss = run.evaluations.at(-1)?.heldOutLoss;
  return (
    <tr aria-current={isShown || undefined}>
      <td>
        <ViewLink view={{ ...view, run: info.id }}>{modelRunTitle(info)}</ViewLink>
      </td>
      <td>
        <span className={`status ${info.status}`}>{info.status}</span>
      </td>
      <td className="num mono">
        {formatCount(info.step)} / {formatCount(info.steps)}
      </td>
      <td className="num mono">{formatShort(info.tokens)}</td>
      <td className="num mono">{loss === undefined ? '' : formatValue(loss)}</td>
      <td className="started">{startedAt(info.createdAt)}</td>
      <td className="row tight">
        {!isActive(run) && <ResumeButton run={run} resume={resume} />}
        {info.model !== undefined && <ViewLink view={{ kind: 'prompt', model: info.model }}>prompt</ViewLink>}
      </td>
    </tr>
  );
}
