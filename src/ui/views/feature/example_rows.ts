import type { Example, Histogram } from '#engine/protocol/features.ts';
import type { Snippet } from '#share/view_ref.ts';

/** Tokens shown to either side of the firing token. */
const REACH: Readonly<Record<Snippet, number>> = { stacked: 5, snippet: 16, full: 200 };
/** The index draws from four equally wide intervals of (0, max act] unless told otherwise. */
const INTERVALS = 4;

/** An example as a row: its window cut to the chosen context, and how many equal windows it stands for. */
export interface ExampleRow {
  readonly example: Example;
  /** Index in the example of the first and one past the last token shown. */
  readonly from: number;
  readonly to: number;
  readonly duplicates: number;
}
/** Rows under one heading; `range` is absent for the top. */
export interface ExampleGroup {
  readonly interval: number;
  readonly range?: readonly [low: number, high: number] | undefined;
  /** Share of firing tokens in the range, 0..1. */
  readonly share?: number | undefined;
  readonly rows: readonly ExampleRow[];
}

/** Act of the token that the example was chosen for. */
export const actAt = (e: Example): number => e.acts[e.at] ?? 0;

/** The examples as groups: top first, then intervals from high to low; equal windows folded into one row. */
export function groupExamples(
  examples: readonly Example[],
  histogram: Histogram,
  o: { readonly snippet: Snippet; readonly bin?: number | undefined },
): ExampleGroup[] {
  const range = o.bin === undefined ? undefined : binRange(histogram, o.bin);
  const kept = range ? examples.filter((e) => inRange(actAt(e), range)) : examples;
  const n = Math.max(INTERVALS, ...examples.map((e) => e.interval + 1));
  const max = histogram.edges.at(-1) ?? 0;
  const groups: ExampleGroup[] = [];
  for (const interval of [-1, ...Array.from({ length: n }, (_, i) => n - 1 - i)]) {
    const own = kept.filter((e) => e.interval === interval).sort((a, b) => actAt(b) - actAt(a));
    if (own.length === 0) continue;
    const rows = foldRows(own, o.snippet);
    if (interval < 0) groups.push({ interval, rows });
    else {
      const part: [number, number] = [(interval / n) * max, ((interval + 1) / n) * max];
      groups.push({ interval, range: part, share: shareOf(histogram, part), rows });
    }
  }
  return groups;
}

/** Lower and upper edge of a bin; undefined when there is no such bin. */
export function binRange(h: Histogram, bin: number): readonly [number, number] | undefined {
  const low = h.edges[bin];
  const high = h.edges[bin + 1];
  return low === undefined || high === undefined ? undefined : [low, high];
}

/** Share of the counts in (low, high], by whole bins whose middle lies in it. */
export function shareOf(h: Histogram, [low, high]: readonly [number, number]): number {
  let inside = 0;
  let all = 0;
  for (let i = 0; i < h.counts.length; i++) {
    const mid = ((h.edges[i] as number) + (h.edges[i + 1] as number)) / 2;
    const count = h.counts[i] as number;
    all += count;
    if (mid > low && mid <= high) inside += count;
  }
  return all === 0 ? 0 : inside / all;
}

/** Acts are stored in f32: the upper edge of the last bin is the maximum itself, so both ends count. */
const inRange = (v: number, [low, high]: readonly [number, number]): boolean => v >= low && v <= high;

function foldRows(examples: readonly Example[], snippet: Snippet): ExampleRow[] {
  const rows = new Map<string, ExampleRow>();
  for (const example of examples) {
    const from = Math.max(0, example.at - REACH[snippet]);
    const to = Math.min(example.ids.length, example.at + REACH[snippet] + 1);
    const key = example.ids.slice(from, to).join(' ');
    const first = rows.get(key);
    if (first) rows.set(key, { ...first, duplicates: first.duplicates + 1 });
    else rows.set(key, { example, from, to, duplicates: 0 });
  }
  return [...rows.values()];
}

/** The prompt that an example makes, and where its firing token then stands (counted with BOS). */
export function promptOfExample(
  e: Example,
  o: { readonly bos: boolean; readonly hasTokenizer: boolean },
): { readonly prompt: string; readonly position: number } {
  // Ids are taken as they are; of text, the BOS of the row's start is left to the tokenizer.
  if (!o.hasTokenizer) return { prompt: e.ids.join(' '), position: e.at };
  const skip = o.bos && e.start === 0 ? 1 : 0;
  return { prompt: e.pieces.slice(skip).join(''), position: e.at - skip + (o.bos ? 1 : 0) };
}
