import { useState } from 'react';
import type { SaeInfo } from '#engine/protocol/models.ts';
import type { PromptReport } from '#engine/protocol/prompts.ts';
import type { FeatureViewRef } from '#share/view_ref.ts';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Loadable } from '#ui/components/Loadable.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { Segmented } from '#ui/components/Segmented.tsx';
import { TokenStrip } from '#ui/components/TokenStrip.tsx';
import { maxAbs } from '#ui/plots/act_scale.ts';
import { formatAct } from '#ui/plots/numbers.ts';
import { actsOfFeature, destOf } from '#ui/state/features.ts';
import { valueIn } from '#ui/state/loadable.ts';
import { promptOf } from '#ui/state/prompt.ts';
import { useApp } from '#ui/state/store.ts';
import { dfaMatrix } from './dfa_matrix.ts';
import { Legend } from './Legend.tsx';
import { TokenCard } from './TokenCard.tsx';

/** The reader's own text (it is the link's prompt): where the feature fires in it, and which sources made it fire. */
export function TestTextPanel({ view }: { readonly view: FeatureViewRef; readonly sae: SaeInfo }) {
  const prompt = useApp(promptOf);
  const setPrompt = useApp((s) => s.setPrompt);
  const runPrompt = useApp((s) => s.runPrompt);
  const report = useApp((s) => s.report);
  const hasTokenizer = useApp((s) => valueIn(s.model)?.hasTokenizer !== false);
  const gpu = useApp((s) => s.gpu);
  const [mode, setMode] = useState<Mode>('split');
  return (
    <Panel
      title="Test text"
      anchor="test-text"
      help={
        <HelpHint term="Test text.">
          Any text of yours, run through the model on this device as you type. Click a token to take it as the
          destination of the attribution below.
        </HelpHint>
      }
      actions={<Actions mode={mode} setMode={setMode} />}
    >
      <textarea
        className="prompt-text"
        aria-label={hasTokenizer ? 'Test text' : 'Token ids'}
        value={prompt}
        rows={2}
        spellCheck={false}
        dir="auto"
        data-shortcut="t"
        onChange={(e) => setPrompt(e.target.value)}
        onKeyDown={(e) => {
          if (e.key === 'Enter' && (e.metaKey || e.ctrlKey)) runPrompt();
        }}
      />
      {report.status === 'ready' ? (
        <Strips report={report.value} view={view} mode={mode} />
      ) : gpu === 'none' ? (
        <p className="muted">
          Text cannot be run without WebGPU; everything else on this page comes from the index.
        </p>
      ) : (
        <Loadable
          of={report}
          what="the acts of the text"
          idle={<p className="muted">Type some text to see where the feature fires.</p>}
          onRetry={runPrompt}
        />
      )}
    </Panel>
  );
}

type Mode = 'split' | 'combine';

function Actions({ mode, setMode }: { readonly mode: Mode; readonly setMode: (m: Mode) => void }) {
  const setPrompt = useApp((s) => s.setPrompt);
  return (
    <>
      <Segmented
        label="Attribution"
        value={mode}
        onChange={setMode}
        options={[
          { value: 'split', text: 'Split', title: 'Sources and acts in two rows (d)' },
          {
            value: 'combine',
            text: 'Combine',
            title: 'Sources in the upper half of each token, acts in the lower (d)',
          },
        ]}
      />
      <button
        type="button"
        className="sr-only"
        tabIndex={-1}
        aria-hidden="true"
        data-shortcut="d"
        onClick={() => setMode(mode === 'split' ? 'combine' : 'split')}
      >
        Split or combine
      </button>
      <button type="button" onClick={() => setPrompt('')}>
        Clear
      </button>
    </>
  );
}

function Strips(o: { readonly report: PromptReport; readonly view: FeatureViewRef; readonly mode: Mode }) {
  const { report, view, mode } = o;
  const patch = useApp((s) => s.patchView);
  const hover = useApp((s) => s.hover);
  const hoverToken = useApp((s) => s.hoverToken);
  const pending = useApp((s) => s.promptPending);
  const dest = useApp(destOf);
  const dfa = useApp((s) => valueIn(s.dfa));
  const special = useApp((s) =>
    valueIn(s.model)?.defaultPrependBos && valueIn(s.model)?.hasTokenizer ? 0 : undefined,
  );
  const acts = actsOfFeature(report, view.feature);
  const max = maxAbs(acts);
  const matrix = dfa && dfa.feature === view.feature && dfa.dest === dest ? dfaMatrix(dfa) : undefined;
  const common = {
    pieces: report.pieces,
    selected: dest,
    target: dest,
    lit: hoverToken === undefined ? undefined : new Set([hoverToken]),
    special,
    onSelect: (position: number) => patch('feature', { position }),
    onHover: (token: number | undefined) => hover({ token }),
    card: (at: number) => <TokenCard report={report} at={at} act={acts[at] ?? 0} matrix={matrix} />,
  };
  const sources = {
    dfa: matrix?.bySource,
    dfaMax: matrix ? maxAbs(matrix.bySource) : 0,
    source: matrix?.strongest,
  };
  return (
    <div className="strips" data-pending={pending}>
      <p className="spread">
        <FiresWhere acts={acts} max={max} feature={view.feature} />
        <Legend hasDfa={matrix !== undefined} />
      </p>
      {mode === 'combine' ? (
        <TokenStrip {...common} {...sources} label="Acts and sources" acts={acts} max={max} />
      ) : (
        <>
          <h3>Acts</h3>
          <TokenStrip {...common} label="Acts of the feature" acts={acts} max={max} />
          <h3>Sources for token {dest}</h3>
          <TokenStrip {...common} {...sources} label={`Sources for token ${dest}`} />
        </>
      )}
      {report.leftOut > 0 && (
        <p className="note warn">
          The text is longer than the model's context: {report.leftOut} tokens were left out.
        </p>
      )}
    </div>
  );
}

function FiresWhere({ acts, max, feature }: { acts: Float32Array; max: number; feature: number }) {
  const gpu = useApp((s) => s.gpu);
  const n = acts.reduce((sum, a) => sum + (a > 0 ? 1 : 0), 0);
  if (n === 0 && gpu === 'none') {
    return <span role="status">Feature {feature} never fires in this recorded text.</span>;
  }
  if (n === 0) {
    return (
      <span role="status">
        Feature {feature} never fires in this text. The chosen token's pre-activation is shown below; click
        others to find the nearest miss.
      </span>
    );
  }
  return (
    <span>
      fires on {n} of {acts.length} tokens, max <strong className="act-ink mono">{formatAct(max)}</strong>
    </span>
  );
}
