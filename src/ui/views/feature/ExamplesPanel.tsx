import { VIEW_DEFAULTS } from '#share/codec.ts';
import type { Snippet } from '#share/view_ref.ts';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { Segmented } from '#ui/components/Segmented.tsx';
import { formatAct, formatCount } from '#ui/plots/numbers.ts';
import { valueIn } from '#ui/state/loadable.ts';
import { useApp } from '#ui/state/store.ts';
import type { FeaturePartProps } from '../FeatureView.tsx';
import { ExampleLine } from './ExampleLine.tsx';
import {
  binRange,
  type ExampleGroup,
  type ExampleRow,
  groupExamples,
  promptOfExample,
} from './example_rows.ts';

const CONTEXTS: readonly { readonly value: Snippet; readonly text: string; readonly title: string }[] = [
  { value: 'stacked', text: 'Stacked', title: '5 tokens to either side' },
  { value: 'snippet', text: 'Snippet', title: '16 tokens to either side' },
  { value: 'full', text: 'Full', title: 'the whole stored window' },
];

/** Examples by interval of act, the strongest first; a click takes one as the test text. */
export function ExamplesPanel({ view, dashboard }: FeaturePartProps) {
  const patch = useApp((s) => s.patchView);
  const snippet = view.snippet ?? VIEW_DEFAULTS.snippet;
  const groups = groupExamples(dashboard.examples, dashboard.histogram, { snippet, bin: view.bin });
  const range = view.bin === undefined ? undefined : binRange(dashboard.histogram, view.bin);
  return (
    <Panel
      title="Top activations"
      anchor="examples"
      flush
      help={
        <HelpHint term="Examples." formula="fill = 0.05 + 0.95·log10(1 + 9·act ÷ max)">
          Windows of the corpus in which the feature fires: the strongest, then a draw from each of four
          equally wide intervals of act. Fills share one scale from 0 to the feature's maximum,{' '}
          {formatAct(dashboard.maxAct)}. Click a row to run its text above; a window from the middle of a text
          lacks what came before it, so acts can differ.
        </HelpHint>
      }
      actions={
        <Segmented
          label="Context"
          value={snippet}
          options={CONTEXTS}
          onChange={(v) => patch('feature', { snippet: v })}
        />
      }
    >
      {range && (
        <p className="spread filter">
          <span>
            only examples with act {formatAct(range[0])} to {formatAct(range[1])}
          </span>
          <button type="button" onClick={() => patch('feature', { bin: undefined })}>
            Show all
          </button>
        </p>
      )}
      <Groups groups={groups} maxAct={dashboard.maxAct} />
      {groups.length === 0 && (
        <p className="filter muted">
          {range
            ? 'The index kept no example of this strength.'
            : 'The index holds no example of this feature.'}
        </p>
      )}
    </Panel>
  );
}

function Groups({ groups, maxAct }: { readonly groups: readonly ExampleGroup[]; readonly maxAct: number }) {
  const model = useApp((s) => valueIn(s.model));
  const patch = useApp((s) => s.patchView);
  const prompt = useApp((s) => (s.view.kind === 'feature' ? s.view.prompt : undefined));
  const open = (row: ExampleRow) => {
    const made = promptOfExample(row.example, {
      bos: model?.defaultPrependBos ?? true,
      hasTokenizer: model?.hasTokenizer ?? true,
    });
    patch('feature', made, 'push');
  };
  const rows = groups.flatMap((g) => g.rows);
  const textOf = (row: ExampleRow) =>
    promptOfExample(row.example, {
      bos: model?.defaultPrependBos ?? true,
      hasTokenizer: model?.hasTokenizer ?? true,
    }).prompt;
  const current = rows.findIndex((row) => textOf(row) === prompt);
  const step = (by: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, current < 0 ? 0 : current + by))];
    if (row) open(row);
  };
  return (
    <>
      <StepKeys step={step} />
      {groups.map((g) => (
        <section key={g.interval} className="example-group">
          <h3>{heading(g)}</h3>
          <ul>
            {g.rows.map((row) => (
              <ExampleLine
                key={`${row.example.position} ${row.example.ids.join(' ')}`}
                row={row}
                max={maxAct}
                isCurrent={rows[current] === row}
                onOpen={() => open(row)}
              />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

/** ↑ and ↓ walk the examples (see useShortcuts). */
function StepKeys({ step }: { readonly step: (by: number) => void }) {
  return (['ArrowUp', 'ArrowDown'] as const).map((key) => (
    <button
      key={key}
      type="button"
      className="sr-only"
      tabIndex={-1}
      aria-hidden="true"
      data-shortcut={key}
      onClick={() => step(key === 'ArrowUp' ? -1 : 1)}
    >
      {key === 'ArrowUp' ? 'Previous example' : 'Next example'}
    </button>
  ));
}

function heading(g: ExampleGroup): string {
  if (!g.range) return `TOP ${formatCount(g.rows.length)}`;
  const share = ((g.share ?? 0) * 100).toFixed(1);
  return `INTERVAL ${formatAct(g.range[0])} – ${formatAct(g.range[1])} (CONTAINS ${share}%)`;
}
