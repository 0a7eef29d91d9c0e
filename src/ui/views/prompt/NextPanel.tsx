import type { NextToken } from '#engine/protocol/prompts.ts';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { Stat } from '#ui/components/Stat.tsx';
import { type Column, TableHead } from '#ui/components/TableHead.tsx';
import { TokenChip } from '#ui/components/TokenChip.tsx';
import { formatNats, formatProbability } from '#ui/format.ts';
import type { PromptPartProps } from './TokensPanel.tsx';

const COLUMNS: readonly Column[] = [
  { text: 'token' },
  { text: 'id', num: true },
  { text: 'p' },
  { text: 'logit', num: true },
];

/** The ten likeliest next tokens after the chosen token (default: after the last). */
export function NextPanel({ report, position }: PromptPartProps) {
  const at = position ?? report.ids.length - 1;
  const rows = report.next[at] ?? [];
  const came = report.ids[at + 1];
  return (
    <Panel
      flush
      title={
        <>
          After token {at} <TokenChip piece={report.pieces[at] ?? ''} />
        </>
      }
      help={
        <HelpHint term="Next token." formula="p = softmax(logits), over the whole vocabulary">
          What the model expects to follow the chosen token, and with which probability. The token that really
          follows is marked.
        </HelpHint>
      }
    >
      <div className="pad stats">
        <Stat
          label="entropy"
          value={`${formatNats(report.entropy[at] ?? Number.NaN)} nats`}
          help="How undecided the model is: 0 when it is sure, log of the vocabulary size when it has no idea."
          formula="H = −Σ p·log p"
        />
        {came !== undefined && (
          <Stat
            label="loss of what follows"
            value={`${formatNats(report.nats[at + 1] ?? Number.NaN)} nats`}
          />
        )}
      </div>
      <table className="next-rows">
        <TableHead columns={COLUMNS} />
        <tbody>
          {rows.map((t) => (
            <NextRow key={t.id} next={t} follows={t.id === came} />
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function NextRow({ next, follows }: { readonly next: NextToken; readonly follows: boolean }) {
  return (
    <tr className={follows ? 'came' : undefined}>
      <td>
        <TokenChip piece={next.piece} /> {follows && <span className="muted">follows</span>}
      </td>
      <td className="num mono">{next.id}</td>
      <td>
        <span className="p-bar">
          <span style={{ width: `${Math.max(1, 70 * next.p)}px` }} />
          <b className="mono">{formatProbability(next.p)}</b>
        </span>
      </td>
      <td className="num mono">{next.logit.toFixed(2).replace('-', '−')}</td>
    </tr>
  );
}
