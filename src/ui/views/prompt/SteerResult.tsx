import type { EditReport } from '#engine/protocol/prompts.ts';
import { Loadable } from '#ui/components/Loadable.tsx';
import { Stat } from '#ui/components/Stat.tsx';
import { TokenChip } from '#ui/components/TokenChip.tsx';
import { TokenStrip } from '#ui/components/TokenStrip.tsx';
import { formatDelta, formatNats, formatProbability } from '#ui/format.ts';
import { CONTINUE_SEED, CONTINUE_TOKENS } from '#ui/state/steer.ts';
import { useApp } from '#ui/state/store.ts';
import { nextChanges } from './rows.ts';
import type { PromptPartProps } from './TokensPanel.tsx';

/** What the edit does: loss, KL per token, next tokens, and a continuation from the same seed. */
export function SteerResult({ position }: PromptPartProps) {
  const edited = useApp((s) => s.edited);
  const pending = useApp((s) => s.editPending);
  const patch = useApp((s) => s.patchView);
  if (edited.status !== 'ready') return <Loadable of={edited} what="the edited prompt" />;
  const r = edited.value;
  const at = Math.min(position ?? Number.POSITIVE_INFINITY, r.clean.ids.length - 1);
  return (
    <div className="stack" aria-busy={pending}>
      <LossChange report={r} />
      <div>
        <h3>KL by token</h3>
        <TokenStrip
          label="KL of the next-token distribution at each token"
          pieces={r.clean.pieces}
          dfa={r.kl}
          dfaMax={Math.max(1e-9, ...r.kl)}
          selected={position}
          onSelect={(i) => patch('prompt', { position: i === position ? undefined : i })}
          card={(i) => <>KL {formatNats(r.kl[i] ?? Number.NaN)} nats</>}
        />
        <p className="legend">
          <span>
            <span className="swatch kl" /> 0 to {formatNats(Math.max(...r.kl))} nats
          </span>
        </p>
      </div>
      <Changes report={r} at={at} />
      <Continuations />
    </div>
  );
}

function LossChange({ report }: { readonly report: EditReport }) {
  const { clean, edited, kl } = report;
  const mean = kl.reduce((a, b) => a + b, 0) / Math.max(1, kl.length);
  return (
    <div className="stats">
      <Stat label="loss clean" value={formatNats(clean.loss)} />
      <Stat label="edited" value={formatNats(edited.loss)} />
      <Stat
        label="change"
        value={`${formatDelta(edited.loss - clean.loss)} nats`}
        help="How much worse (positive) or better the model predicts this prompt with the edit."
        formula="loss_edited − loss_clean"
      />
      <Stat
        label="mean KL"
        value={`${formatNats(mean)} nats`}
        help="How far the next-token distributions move, averaged over the tokens of the prompt."
        formula="KL(clean ‖ edited) = Σ p_clean·log(p_clean ÷ p_edited)"
      />
    </div>
  );
}

function Changes({ report, at }: { readonly report: EditReport; readonly at: number }) {
  const rows = nextChanges(report.clean.next[at] ?? [], report.edited.next[at] ?? []).slice(0, 10);
  const p = (v: number | undefined) => (v === undefined ? '–' : formatProbability(v));
  return (
    <table>
      <caption className="caption">
        Next token after {at} <TokenChip piece={report.clean.pieces[at] ?? ''} />
      </caption>
      <thead>
        <tr>
          <th scope="col">token</th>
          <th scope="col" className="num">
            clean
          </th>
          <th scope="col" className="num">
            edited
          </th>
          <th scope="col" className="num">
            change
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((c) => {
          const d = (c.edited ?? Number.NaN) - (c.clean ?? Number.NaN);
          return (
            <tr key={c.id}>
              <td>
                <TokenChip piece={c.piece} />
              </td>
              <td className="num mono">{p(c.clean)}</td>
              <td className="num mono">{p(c.edited)}</td>
              <td className={`num mono ${Math.abs(d) < 5e-5 ? 'muted' : d < 0 ? 'neg-ink' : 'act-ink'}`}>
                {Number.isFinite(d) ? `${formatDelta(100 * d)} pp` : '–'}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Continuations() {
  const continuation = useApp((s) => s.continuation);
  return (
    <div className="stack">
      <h3>
        Continuation: {CONTINUE_TOKENS} tokens, seed {CONTINUE_SEED}
      </h3>
      {continuation.status === 'ready' ? (
        <>
          <Continued name="clean" text={continuation.value.clean} />
          <Continued name="edited" text={continuation.value.edited} />
        </>
      ) : (
        <Loadable
          of={continuation}
          what="the continuations"
          idle={<p className="muted">after a moment of rest</p>}
        />
      )}
    </div>
  );
}

function Continued({ name, text }: { readonly name: string; readonly text: string }) {
  return (
    <div>
      <span className="muted">{name}</span>
      <p className="continuation" dir="auto">
        {text === '' ? '(nothing)' : text}
      </p>
    </div>
  );
}
