import { useState } from 'react';
import type { NdArray } from '#engine/protocol/common.ts';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Loadable } from '#ui/components/Loadable.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { ScrollRegion } from '#ui/components/ScrollRegion.tsx';
import { TokenChip } from '#ui/components/TokenChip.tsx';
import { valueIn } from '#ui/state/loadable.ts';
import { shownLayer } from '#ui/state/prompt.ts';
import { useApp } from '#ui/state/store.ts';
import { PatternCanvas } from './PatternCanvas.tsx';
import { patternAt, topSources } from './pattern_image.ts';
import type { PromptPartProps } from './TokensPanel.tsx';

/** Attention patterns of one layer: a small picture a head, one large, and the table of the chosen destination. */
export function PatternsPanel(part: PromptPartProps) {
  const pattern = useApp((s) => s.pattern);
  const layer = useApp(shownLayer);
  const n_layers = useApp((s) => valueIn(s.model)?.config.n_layers ?? 1);
  const setLayer = useApp((s) => s.setPatternLayer);
  const isOld = pattern.status === 'ready' && pattern.value.shape[1] !== part.report.ids.length;
  return (
    <Panel
      title="Attention patterns"
      help={
        <HelpHint
          term="Attention pattern."
          formula="pattern[head, dest, source] = softmax over sources ≤ dest of q·k ÷ √d_head"
        >
          How much each token (down: dest) takes from each token before it and itself (across: source). A row
          sums to 1. Opacity is the square root of the share.
        </HelpHint>
      }
      actions={
        <select aria-label="Layer" value={layer} onChange={(e) => setLayer(Number(e.target.value))}>
          {Array.from({ length: n_layers }, (_, l) => l).map((l) => (
            <option key={l} value={l}>
              layer {l}
            </option>
          ))}
        </select>
      }
    >
      {pattern.status === 'ready' && !isOld ? (
        <Patterns {...part} pattern={pattern.value} layer={layer} />
      ) : (
        <Loadable of={isOld ? { status: 'loading' } : pattern} what="the attention patterns" />
      )}
    </Panel>
  );
}

type PatternsProps = PromptPartProps & { readonly pattern: NdArray; readonly layer: number };

function Patterns(part: PatternsProps) {
  const { pattern, layer, report, position } = part;
  const n_heads = pattern.shape[0] ?? 0;
  const [chosen, choose] = useState(0);
  const head = Math.min(chosen, n_heads - 1);
  return (
    <div className="stack">
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset would frame the pictures */}
      <div className="heads" role="group" aria-label="Head">
        {Array.from({ length: n_heads }, (_, h) => h).map((h) => (
          <button key={h} type="button" aria-pressed={h === head} onClick={() => choose(h)}>
            <PatternCanvas pattern={pattern} head={h} label={`Pattern of head ${layer}.${h}`} />
            {layer}.{h}
          </button>
        ))}
      </div>
      <BigPattern {...part} head={head} />
      <SourceTable {...part} dest={position ?? report.ids.length - 1} />
    </div>
  );
}

function BigPattern({ pattern, layer, report, head, view }: PatternsProps & { readonly head: number }) {
  const hover = useApp((s) => s.hover);
  const patch = useApp((s) => s.patchView);
  const [cell, point] = useState<{ readonly dest: number; readonly source: number } | undefined>();
  const share = cell && patternAt(pattern, [head, cell.dest, cell.source]);
  return (
    <figure>
      <figcaption className="spread">
        <h3>
          Head {layer}.{head}
        </h3>
        <span className="row tight mono">
          {cell ? (
            <>
              <TokenChip piece={report.pieces[cell.dest] ?? ''} /> takes {share?.toFixed(3)} from{' '}
              <TokenChip piece={report.pieces[cell.source] ?? ''} />
            </>
          ) : (
            <span className="muted">point at a cell; click to choose its dest</span>
          )}
        </span>
      </figcaption>
      <PatternCanvas
        big
        pattern={pattern}
        head={head}
        label={`Pattern of head ${layer}.${head}: dest down, source across; the table below says the largest`}
        onPoint={(c) => {
          point(c);
          hover({ token: c?.source, feature: view.feature });
        }}
        onChoose={(dest) => patch('prompt', { position: dest })}
      />
    </figure>
  );
}

function SourceTable({ pattern, layer, report, dest }: PatternsProps & { readonly dest: number }) {
  return (
    <ScrollRegion label="Sources by head">
      <table>
        <caption className="caption">
          From token {dest} <TokenChip piece={report.pieces[dest] ?? ''} />: the four largest sources of each
          head
        </caption>
        <thead>
          <tr>
            <th scope="col">head</th>
            <th scope="col">sources (position, share)</th>
          </tr>
        </thead>
        <tbody>
          {topSources(pattern, dest, 4).map((h) => (
            <tr key={h.head}>
              <th scope="row" className="mono">
                {layer}.{h.head}
              </th>
              <td>
                <span className="row tight">
                  {h.sources.map((s) => (
                    <span key={s.pos} className="mono source">
                      <TokenChip
                        piece={report.pieces[s.pos] ?? ''}
                        rgb="var(--attn-rgb)"
                        alpha={0.45 * s.share}
                      />
                      <span className="muted"> {s.pos}</span> {s.share.toFixed(2)}
                    </span>
                  ))}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}
