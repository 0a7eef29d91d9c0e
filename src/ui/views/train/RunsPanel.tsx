import type { TrainViewRef } from '#share/view_ref.ts';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Loadable } from '#ui/components/Loadable.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { ViewLink } from '#ui/components/ViewLink.tsx';
import { formatCount, formatShort, formatValue } from '#ui/plots/numbers.ts';
import { isActive, type LiveRun } from '#ui/state/live_run.ts';
import { valueIn } from '#ui/state/loadable.ts';
import { useApp } from '#ui/state/store.ts';
import { ResumeButton } from './RunButtons.tsx';
import { configDiff, runTitle } from './run_title.ts';

/** Every run of this device; a tick draws it beside the shown one. */
export function RunsPanel({ view }: { readonly view: TrainViewRef }) {
  const runs = useApp((s) => s.runs);
  const load = useApp((s) => s.runsLoad);
  if (runs.size === 0) return load.status === 'failed' ? <Loadable of={load} what="the runs" /> : null;
  return (
    <Panel
      title="Runs on this device"
      flush
      help={
        <HelpHint term="Runs.">
          Kept with their charts and last checkpoint, so they survive a reload. An interrupted run goes on
          from its last checkpoint and gives the same losses as one that was never interrupted.
        </HelpHint>
      }
    >
      <div className="scroll-x">
        <table className="runs">
          <thead>
            <tr>
              <th scope="col">draw</th>
              <th scope="col">run</th>
              <th scope="col">status</th>
              <th scope="col" className="num">
                step
              </th>
              <th scope="col" className="num">
                tokens
              </th>
              <th scope="col" className="num">
                loss
              </th>
              <th scope="col">differs from defaults</th>
              <th scope="col">started</th>
              <th scope="col">actions</th>
            </tr>
          </thead>
          <tbody>
            {[...runs.values()].map((run, i) => (
              <RunRow
                key={run.info.id}
                run={run}
                view={view}
                isShown={(view.run ?? firstId(runs)) === run.info.id}
                i={i}
              />
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

const firstId = (runs: ReadonlyMap<string, LiveRun>): string | undefined => runs.keys().next().value;

function RunRow(o: {
  readonly run: LiveRun;
  readonly view: TrainViewRef;
  readonly isShown: boolean;
  readonly i: number;
}) {
  const resume = useApp((s) => s.resumeStored);
  const { run, view, isShown } = o;
  const { info } = run;
  const compared = useApp((s) => s.comparedRuns.includes(info.id));
  const compare = useApp((s) => s.compareRun);
  const fields = useApp((s) => valueIn(s.variants)?.find((v) => v.id === info.job.variant)?.fields) ?? {};
  return (
    <tr aria-current={isShown || undefined}>
      <td>
        <input
          type="checkbox"
          aria-label={`draw ${runTitle(info)} of ${startedAt(info.createdAt)}`}
          checked={isShown || compared}
          disabled={isShown}
          onChange={(e) => compare(info.id, { shown: e.target.checked })}
        />
      </td>
      <td>
        <ViewLink view={{ ...view, run: info.id }}>{runTitle(info)}</ViewLink>
      </td>
      <td>
        <span className={`status ${info.status}`}>{info.status}</span>
      </td>
      <td className="num mono">
        {formatCount(info.step)} / {formatCount(info.steps)}
      </td>
      <td className="num mono">{formatShort(info.tokens)}</td>
      <td className="num mono">{run.latest ? formatValue(run.latest.loss) : ''}</td>
      <td>{configDiff(info.job, fields)}</td>
      <td className="started">{startedAt(info.createdAt)}</td>
      <td className="row tight">
        {!isActive(run) && <ResumeButton run={run} resume={resume} />}
        {info.sae !== undefined && (
          <ViewLink view={{ kind: 'features', model: info.job.model, sae: info.sae }}>features</ViewLink>
        )}
      </td>
    </tr>
  );
}

/** Date and time of an ISO text, short. */
export function startedAt(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.valueOf())
    ? iso
    : date.toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'short' });
}
