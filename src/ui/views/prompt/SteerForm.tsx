import { useId } from 'react';
import type { PromptViewRef } from '#share/view_ref.ts';
import { Segmented } from '#ui/components/Segmented.tsx';
import { TokenChip } from '#ui/components/TokenChip.tsx';
import { formatAct3 } from '#ui/format.ts';
import {
  type EditOp,
  editText,
  type ParsedEdit,
  parseEdit,
  parsePositions,
  togglePosition,
} from '#ui/state/edit_text.ts';
import { valueIn } from '#ui/state/loadable.ts';
import { useApp } from '#ui/state/store.ts';
import { featureRows, stripActs } from './rows.ts';
import type { PromptPartProps } from './TokensPanel.tsx';

const OPS: readonly { readonly value: EditOp; readonly text: string; readonly title: string }[] = [
  { value: 'scale', text: 'scale', title: 'act′ = value · act' },
  { value: 'clamp', text: 'clamp', title: 'act′ = value' },
  { value: 'add', text: 'add', title: 'act′ = act + value' },
  { value: 'ablate', text: 'ablate', title: 'act′ = 0' },
];

/** Which feature, which operation, how much, where; all of it is in the link. */
export function SteerForm({ report, view, position }: PromptPartProps) {
  const patch = useApp((s) => s.patchView);
  const edit = parseEdit(view.edit);
  const acts = stripActs(report, view.feature);
  const max = acts.reduce((a, b) => Math.max(a, b), 0);
  return (
    <div className="steer-form">
      <FeatureField report={report} view={view} position={position} />
      <div className="field">
        <span>op</span>
        <Segmented
          label="Operation"
          options={OPS}
          value={edit?.op ?? 'scale'}
          onChange={(op) => patch('prompt', { edit: editText({ op, value: firstValue(op, max) }) })}
        />
      </div>
      {view.feature !== undefined && edit && edit.op !== 'ablate' && <ValueField edit={edit} max={max} />}
      <PositionsField report={report} view={view} position={position} />
    </div>
  );
}

/** Where an operation starts: off for scale, the prompt's largest act for the others. */
function firstValue(op: EditOp, max: number): number | undefined {
  if (op === 'ablate') return undefined;
  return op === 'scale' ? 0 : max > 0 ? max : 4;
}

function FeatureField({ report, view, position }: PromptPartProps) {
  const patch = useApp((s) => s.patchView);
  const d_sae = useApp((s) => valueIn(s.sae)?.d_sae ?? 0);
  const id = useId();
  const rows = featureRows(report, { position, sort: 'act', table: undefined }).slice(0, 40);
  const choose = (feature: number) => patch('prompt', { feature, edit: view.edit ?? 'scale:0' });
  return (
    <div className="field">
      <label htmlFor={id}>feature</label>
      <span className="row tight">
        <input
          id={id}
          className="mono index"
          type="number"
          min={0}
          max={d_sae - 1}
          value={view.feature ?? ''}
          placeholder="index"
          onChange={(e) => {
            const f = e.target.valueAsNumber;
            if (Number.isInteger(f) && f >= 0 && f < d_sae) choose(f);
          }}
        />
        <select
          aria-label="Choose among the active features"
          value=""
          onChange={(e) => choose(Number(e.target.value))}
        >
          <option value="" disabled>
            active {position === undefined ? 'on the prompt' : `at token ${position}`}
          </option>
          {rows.map((r) => (
            <option key={r.feature} value={r.feature}>
              {r.feature} (act {formatAct3(r.act)})
            </option>
          ))}
        </select>
      </span>
    </div>
  );
}

function ValueField({ edit, max }: { readonly edit: ParsedEdit; readonly max: number }) {
  const patch = useApp((s) => s.patchView);
  const set = (value: number) => {
    if (Number.isFinite(value)) patch('prompt', { edit: editText({ op: edit.op, value }) });
  };
  const reach = edit.op === 'scale' ? 4 : Math.max(4, 4 * max);
  const low = edit.op === 'clamp' ? 0 : edit.op === 'scale' ? -2 : -reach;
  const value = edit.value ?? 0;
  return (
    <div className="field">
      <span>value</span>
      <span className="value">
        <input
          type="range"
          aria-label={`Value to ${edit.op}`}
          min={low}
          max={reach}
          step={(reach - low) / 240}
          value={value}
          onChange={(e) => set(e.target.valueAsNumber)}
        />
        <input
          type="number"
          className="mono"
          aria-label={`Value to ${edit.op}, as a number`}
          step="any"
          value={value}
          onChange={(e) => set(e.target.valueAsNumber)}
        />
      </span>
    </div>
  );
}

function PositionsField({ report, view, position }: PromptPartProps) {
  const patch = useApp((s) => s.patchView);
  const list = parsePositions(view.editAt)?.filter((p) => p < report.ids.length);
  const toggle = (p: number) => patch('prompt', { editAt: togglePosition(view.editAt, p) });
  return (
    <div className="field">
      <span>positions</span>
      <span className="row tight">
        {list === undefined ? (
          <span>all {report.ids.length} tokens</span>
        ) : (
          list.map((p) => (
            <button key={p} type="button" title={`Take token ${p} out`} onClick={() => toggle(p)}>
              <span className="muted">{p}</span> <TokenChip piece={report.pieces[p] ?? ''} /> ✕
            </button>
          ))
        )}
        {addable({ view, position, list }) ? (
          <button type="button" onClick={() => toggle(position ?? 0)}>
            {list === undefined ? 'Only' : 'Add'} token {position}
          </button>
        ) : (
          position === undefined && <span className="muted">choose a token to restrict the edit</span>
        )}
        {list !== undefined && (
          <button type="button" onClick={() => patch('prompt', { editAt: undefined })}>
            All
          </button>
        )}
      </span>
    </div>
  );
}

function addable(o: {
  readonly view: PromptViewRef;
  readonly position: number | undefined;
  readonly list: readonly number[] | undefined;
}): boolean {
  return o.position !== undefined && !o.list?.includes(o.position);
}
