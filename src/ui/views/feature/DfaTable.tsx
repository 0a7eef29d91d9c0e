import type { Dfa } from '#engine/protocol/prompts.ts';
import { formatAct } from '#ui/plots/numbers.ts';
import type { DfaMatrix } from './dfa_matrix.ts';

export interface DfaTableProps {
  readonly dfa: Dfa;
  readonly m: DfaMatrix;
  readonly heads: readonly string[];
  readonly sources: readonly string[];
}

/** The matrix as a table, folded: sources down, heads across, bias and sums last. */
export function DfaTable({ dfa, m, heads, sources }: DfaTableProps) {
  return (
    <details className="twin">
      <summary>The same as a table</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section className="scroll-x twin-box" aria-label="Attribution table" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">source</th>
              {heads.map((h) => (
                <th scope="col" className="num" key={h}>
                  {h}
                </th>
              ))}
              <th scope="col" className="num">
                all heads
              </th>
            </tr>
          </thead>
          <tbody>
            {sources.map((text, s) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a source is its position
              <tr key={s}>
                <th scope="row" className="mono">
                  {s} {text}
                </th>
                {heads.map((h, k) => (
                  <td className="num mono" key={h}>
                    {formatAct(m.values[k * m.n_sources + s] ?? 0)}
                  </td>
                ))}
                <td className="num mono">{formatAct(m.bySource[s] ?? 0)}</td>
              </tr>
            ))}
            <tr>
              <th scope="row">sum</th>
              {heads.map((h, k) => (
                <td className="num mono" key={h}>
                  {formatAct(m.byHead[k] ?? 0)}
                </td>
              ))}
              <td className="num mono">{formatAct(m.sum)}</td>
            </tr>
            <tr>
              <th scope="row">bias</th>
              <td colSpan={heads.length} />
              <td className="num mono">{formatAct(dfa.bias)}</td>
            </tr>
          </tbody>
        </table>
      </section>
    </details>
  );
}
