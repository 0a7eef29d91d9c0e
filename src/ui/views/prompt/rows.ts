import type { FeatureTable } from '#engine/protocol/features.ts';
import type { PromptReport } from '#engine/protocol/prompts.ts';
import type { TokenSort } from '#share/view_ref.ts';

/** One feature in the list beside the prompt. */
export interface FeatureRow {
  readonly feature: number;
  /** Act at the chosen token, or the largest over the prompt. */
  readonly act: number;
  /** Position of that act, counted with BOS. */
  readonly pos: number;
  /** Tokens of the prompt on which it fires. */
  readonly count: number;
  /** Share of the indexed tokens, when the index is there. */
  readonly density: number | undefined;
  readonly topToken: string | undefined;
}

/** The features that fire at `position`, or anywhere in the prompt when it is undefined, sorted. Ties go to the lower index. */
export function featureRows(
  report: PromptReport,
  o: {
    readonly position: number | undefined;
    readonly sort: TokenSort;
    readonly table: FeatureTable | undefined;
  },
): readonly FeatureRow[] {
  const best = new Map<number, { act: number; pos: number; count: number }>();
  for (const { pos, features } of report.tokens) {
    for (const { feature, act } of features) {
      const b = best.get(feature);
      if (!b) best.set(feature, { act, pos, count: 1 });
      else {
        b.count++;
        if (act > b.act) Object.assign(b, { act, pos });
      }
    }
  }
  const here = o.position === undefined ? undefined : report.tokens[o.position];
  const chosen = here
    ? here.features.map((f) => ({ ...f, pos: here.pos, count: best.get(f.feature)?.count ?? 1 }))
    : [...best].map(([feature, b]) => ({ feature, ...b }));
  const rows = chosen.map((r) => ({
    ...r,
    density: o.table?.density[r.feature],
    topToken: o.table?.topToken[r.feature],
  }));
  return rows.sort((a, b) => order(o.sort, a, b) || a.feature - b.feature);
}

/** act: largest first; density: rarest first (unknown last); index: lowest first. */
function order(sort: TokenSort, a: FeatureRow, b: FeatureRow): number {
  if (sort === 'act') return b.act - a.act;
  if (sort === 'density') return (a.density ?? 2) - (b.density ?? 2);
  return a.feature - b.feature;
}

/** Act of a feature at every position, 0 where it does not fire; without a feature the strongest act at each position. */
export function stripActs(report: PromptReport, feature: number | undefined): Float32Array {
  const acts = new Float32Array(report.ids.length);
  for (const { pos, features } of report.tokens) {
    const f = feature === undefined ? features[0] : features.find((x) => x.feature === feature);
    acts[pos] = f?.act ?? 0;
  }
  return acts;
}

/** Where a next token stands in the clean and in the edited run; undefined where it is not among the ten likeliest. */
export interface NextChange {
  readonly id: number;
  readonly piece: string;
  readonly clean: number | undefined;
  readonly edited: number | undefined;
}

/** The union of two next-token lists, by the larger of both probabilities. */
export function nextChanges(
  clean: PromptReport['next'][number],
  edited: PromptReport['next'][number],
): readonly NextChange[] {
  const byId = new Map<number, NextChange>();
  for (const t of clean) byId.set(t.id, { id: t.id, piece: t.piece, clean: t.p, edited: undefined });
  for (const t of edited) {
    const before = byId.get(t.id);
    byId.set(t.id, { id: t.id, piece: t.piece, clean: before?.clean, edited: t.p });
  }
  const top = (c: NextChange) => Math.max(c.clean ?? 0, c.edited ?? 0);
  return [...byId.values()].sort((a, b) => top(b) - top(a));
}
