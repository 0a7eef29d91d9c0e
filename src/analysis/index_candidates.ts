import type { HostCode } from '#sae/inference.ts';

/** A token of the indexed windows, counted from the first: row·seq + position. */
export interface Candidate {
  readonly token: number;
  readonly act: number;
  /** -1: among the top; else the interval it was drawn from. */
  readonly interval: number;
}

export interface CandidateSizes {
  readonly d_sae: number;
  readonly seq: number;
  /** Candidates kept from the top of each feature and from each interval (more than are shown: some are equal). */
  readonly top: number;
  readonly intervals: number;
  readonly perInterval: number;
  readonly seed: number;
}

/**
 * A 32-bit hash of (seed, feature, token): the tokens of the lowest hashes are a uniform sample that depends neither
 * on the order nor on the batches in which tokens come.
 */
export function sampleHash(seed: number, feature: number, token: number): number {
  let h = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  for (const word of [feature, token]) {
    h = Math.imul(h ^ word, 0xcc9e2d51);
    h ^= h >>> 15;
    h = Math.imul(h, 0x1b873593);
    h ^= h >>> 13;
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  return (h ^ (h >>> 13)) >>> 0;
}

/**
 * Per feature the tokens that may become examples: the largest peaks (a peak is the largest act of a window) and a
 * sample of each interval of (0, max]. Flat arrays, so a hundred thousand features cost no objects.
 */
export class Candidates {
  readonly #sizes: CandidateSizes;
  /** Largest act of each feature, which fixes the intervals. */
  readonly #maxAct: Float32Array;
  readonly #top: Shelf;
  readonly #drawn: Shelf;
  /** Best position of each feature in the window at hand. */
  readonly #peakAct: Float32Array;
  readonly #peakToken: Uint32Array;

  constructor(sizes: CandidateSizes, maxAct: Float32Array) {
    const { d_sae, top, intervals, perInterval } = sizes;
    this.#sizes = sizes;
    this.#maxAct = maxAct;
    this.#top = new Shelf(d_sae, top);
    this.#drawn = new Shelf(d_sae * intervals, perInterval);
    this.#peakAct = new Float32Array(d_sae);
    this.#peakToken = new Uint32Array(d_sae);
  }

  /** Goes through the rows of a code that begins at token `first`; `counts(position)` says which rows are counted. */
  add(code: HostCode, first: number, counts: (position: number) => boolean): void {
    const { seq, intervals, seed } = this.#sizes;
    const n = code.rowStart.length - 1;
    let touched: number[] = [];
    for (let row = 0; row < n; row++) {
      const token = first + row;
      if (counts(token % seq))
        for (let e = code.rowStart[row] as number; e < (code.rowStart[row + 1] as number); e++) {
          const act = code.val[e] as number;
          if (!(act > 0)) continue;
          const f = code.idx[e] as number;
          const i = intervalOf(act, this.#maxAct[f] as number, intervals);
          // Low hashes are kept, so the key falls with the hash.
          this.#drawn.offer(f * intervals + i, -sampleHash(seed, f, token), token, act);
          if (act <= (this.#peakAct[f] as number)) continue;
          if (this.#peakAct[f] === 0) touched.push(f);
          this.#peakAct[f] = act;
          this.#peakToken[f] = token;
        }
      if (token % seq === seq - 1) {
        this.#endWindow(touched);
        touched = [];
      }
    }
  }

  #endWindow(touched: readonly number[]): void {
    for (const f of touched) {
      const act = this.#peakAct[f] as number;
      this.#top.offer(f, act, this.#peakToken[f] as number, act);
      this.#peakAct[f] = 0;
    }
  }

  /** Candidates of a feature: the top by falling act, then each interval from the lowest, in order of the draw. */
  of(feature: number): Candidate[] {
    const { intervals } = this.#sizes;
    const out = this.#top.items(feature).map((c) => ({ ...c, interval: -1 }));
    for (let i = 0; i < intervals; i++)
      out.push(...this.#drawn.items(feature * intervals + i).map((c) => ({ ...c, interval: i })));
    return out;
  }
}

/** Interval of `act` among equal half-open parts (low, high] of (0, max]. */
export function intervalOf(act: number, max: number, intervals: number): number {
  return Math.max(0, Math.min(intervals - 1, Math.ceil((act / max) * intervals) - 1));
}

/** For each of many slots the `depth` items of largest key, ties to the earlier token, kept sorted. */
class Shelf {
  readonly #depth: number;
  readonly #filled: Uint16Array;
  readonly #keys: Float64Array;
  readonly #tokens: Uint32Array;
  readonly #acts: Float32Array;

  constructor(slots: number, depth: number) {
    this.#depth = depth;
    this.#filled = new Uint16Array(slots);
    this.#keys = new Float64Array(slots * depth);
    this.#tokens = new Uint32Array(slots * depth);
    this.#acts = new Float32Array(slots * depth);
  }

  offer(slot: number, key: number, token: number, act: number): void {
    const from = slot * this.#depth;
    const filled = this.#filled[slot] as number;
    let at = filled;
    while (at > 0 && key > (this.#keys[from + at - 1] as number)) at--;
    if (at >= this.#depth) return;
    const end = from + Math.min(filled, this.#depth - 1);
    for (const column of [this.#keys, this.#tokens, this.#acts])
      column.copyWithin(from + at + 1, from + at, end);
    this.#keys[from + at] = key;
    this.#tokens[from + at] = token;
    this.#acts[from + at] = act;
    this.#filled[slot] = Math.min(filled + 1, this.#depth);
  }

  items(slot: number): { token: number; act: number }[] {
    return Array.from({ length: this.#filled[slot] as number }, (_, i) => ({
      token: this.#tokens[slot * this.#depth + i] as number,
      act: this.#acts[slot * this.#depth + i] as number,
    }));
  }
}
