import type { HostCode } from '#sae/inference.ts';
import type { Candidate } from './index_candidates.ts';

/** An example that the index shows: positions start .. start + acts.length of a window's row. */
export interface ChosenExample {
  readonly row: number;
  /** Of the token it was chosen for, and of the first token shown. */
  readonly position: number;
  readonly start: number;
  /** -1: among the top; else the interval it was drawn from. */
  readonly interval: number;
  /** One a token shown; zeros until `ExampleActs` has filled them. */
  readonly acts: Float32Array<ArrayBuffer>;
}

export interface ShownSizes {
  readonly top: number;
  readonly perInterval: number;
  readonly before: number;
  readonly after: number;
}

/** The first candidates of each kind whose text is not shown already. */
export function chooseExamples(
  candidates: readonly Candidate[],
  ids: Uint32Array,
  seq: number,
  sizes: ShownSizes,
): ChosenExample[] {
  const texts = new Set<string>();
  const taken = new Map<number, number>();
  const chosen: ChosenExample[] = [];
  for (const { token, interval } of candidates) {
    const most = interval < 0 ? sizes.top : sizes.perInterval;
    const already = taken.get(interval) ?? 0;
    if (already >= most) continue;
    const row = Math.floor(token / seq);
    const position = token % seq;
    const start = Math.max(0, position - sizes.before);
    const end = Math.min(seq, position + sizes.after + 1);
    // Equal texts around equal tokens say the same; the act may differ only by what came before the text.
    const text = `${position - start}:${ids.subarray(row * seq + start, row * seq + end).join()}`;
    if (texts.has(text)) continue;
    texts.add(text);
    taken.set(interval, already + 1);
    chosen.push({ row, position, start, interval, acts: new Float32Array(end - start) });
  }
  return chosen;
}

interface Wanted {
  readonly feature: number;
  readonly example: ChosenExample;
}

/** Fills the acts of chosen examples as the codes of their rows come by. */
export class ExampleActs {
  readonly #byRow = new Map<number, Wanted[]>();
  readonly #seq: number;

  constructor(examples: readonly (readonly ChosenExample[])[], seq: number) {
    this.#seq = seq;
    for (const [feature, list] of examples.entries())
      for (const example of list) {
        const wanted = this.#byRow.get(example.row);
        if (wanted) wanted.push({ feature, example });
        else this.#byRow.set(example.row, [{ feature, example }]);
      }
  }

  /** `code` begins at token `first`, the start of a window; positions that do not count keep act 0. */
  fill(code: HostCode, first: number, counts: (position: number) => boolean): void {
    const windows = (code.rowStart.length - 1) / this.#seq;
    for (let w = 0; w < windows; w++)
      for (const { feature, example } of this.#byRow.get(first / this.#seq + w) ?? [])
        for (let i = 0; i < example.acts.length; i++) {
          const position = example.start + i;
          if (counts(position)) example.acts[i] = actOf(code, w * this.#seq + position, feature);
        }
  }
}

/** The act of a feature in a row of a code, 0 when it is not there; features ascend in a row. */
export function actOf(code: HostCode, row: number, feature: number): number {
  let low = code.rowStart[row] as number;
  let high = code.rowStart[row + 1] as number;
  const end = high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((code.idx[middle] as number) < feature) low = middle + 1;
    else high = middle;
  }
  return low < end && code.idx[low] === feature ? (code.val[low] as number) : 0;
}
