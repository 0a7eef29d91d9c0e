import { WorkbenchError } from '#base/errors.ts';
import type { Gpu } from '#gpu/device.ts';
import { type Tensor, view } from '#gpu/tensor.ts';
import type { ActivationRows, ActivationSource } from './sae.ts';

type Position = ActivationSource['position'];

/** Rows that the runs of a race share take at most this a segment. */
const SEGMENT_BYTES = 32 * 2 ** 20;
const SEGMENT_GRAINS = 16;
/** Offsets at which a kernel can bind a window of a buffer. */
const ALIGN = 256;

/** A stretch of the stream on the GPU: grains first .. first + filled − 1. */
interface Segment {
  first: number;
  filled: number;
  readonly rows: ActivationRows;
}

interface Reader {
  /** First grain of the rows handed out last; they may still be read. */
  from: number;
  /** Next grain. */
  at: number;
  open: boolean;
}

/** One source read by several runs, each at its own pace. */
export interface FanOut extends Disposable {
  /** One source a reader: all give the same rows, at the same positions. */
  readonly readers: readonly ActivationSource[];
  /** Rows that a reader has taken. */
  rowsRead(reader: number): number;
  /** A reader that will ask for nothing more no longer holds rows back. */
  close(reader: number): void;
}

/**
 * Shares a source between `count` readers: every row is harvested once and kept until the slowest reader is past it.
 *
 * Readers ask for multiples of `grain` rows (a batch). What lies in one segment at a bindable offset is handed out in
 * place, anything else is copied. Memory follows the distance between the fastest and the slowest reader, so pull the
 * one that is behind. Readers may not be pulled at the same time.
 *
 * @param grain rows of a batch. Dispose it after every run that reads from it; `source` is not disposed.
 */
export function fanOut(gpu: Gpu, source: ActivationSource, grain: number, count: number): FanOut {
  return new Shared(gpu, source, grain, count);
}

class Shared implements FanOut {
  readonly readers: readonly ActivationSource[];
  readonly #gpu: Gpu;
  readonly #source: ActivationSource;
  readonly #grain: number;
  readonly #scope;
  readonly #perSegment: number;
  readonly #state: readonly Reader[];
  readonly #own: (ActivationRows | undefined)[];
  #live: Segment[] = [];
  readonly #free: Segment[] = [];
  /** Where the source stood before grain `#firstPosition`, after it, and so on. */
  #positions: Position[];
  #firstPosition = 0;

  constructor(gpu: Gpu, source: ActivationSource, grain: number, count: number) {
    this.#gpu = gpu;
    this.#source = source;
    this.#grain = grain;
    this.#scope = gpu.scope('race/rows');
    const bytes = grain * source.d_in * 4 * (source.hasGradient ? 2 : 1);
    this.#perSegment = Math.max(1, Math.min(SEGMENT_GRAINS, Math.floor(SEGMENT_BYTES / bytes)));
    this.#state = Array.from({ length: count }, () => ({ from: 0, at: 0, open: true }));
    this.#own = Array.from({ length: count }, () => undefined);
    this.#positions = [{ ...source.position }];
    this.readers = this.#state.map((_, i) => this.#reader(i));
  }

  rowsRead(reader: number): number {
    return (this.#state[reader] as Reader).at * this.#grain;
  }

  close(reader: number): void {
    (this.#state[reader] as Reader).open = false;
    this.#recycle();
  }

  #reader(index: number): ActivationSource {
    const state = this.#state[index] as Reader;
    const position = (): Position => this.#positions[state.at - this.#firstPosition] as Position;
    return {
      d_in: this.#source.d_in,
      hasGradient: this.#source.hasGradient,
      get position() {
        return position();
      },
      next: (n, signal) => this.#next(index, n, signal),
    };
  }

  async #next(index: number, n: number, signal: AbortSignal): Promise<ActivationRows | undefined> {
    const state = this.#state[index] as Reader;
    const grains = n / this.#grain;
    if (!Number.isInteger(grains))
      throw new WorkbenchError(
        'internal',
        `A race hands out whole batches of ${this.#grain} rows, not ${n}.`,
      );
    state.from = state.at;
    this.#recycle();
    if (!(await this.#fillTo(state.at + grains, signal))) return undefined;
    const rows = this.#inPlace(state.at, grains) ?? (await this.#copied(index, state.at, grains));
    state.at += grains;
    return rows;
  }

  /** Reads the source up to grain `end`; false when it has no more. */
  async #fillTo(end: number, signal: AbortSignal): Promise<boolean> {
    for (let have = this.#end; have < end; have++) {
      const rows = await this.#source.next(this.#grain, signal);
      if (!rows) return false;
      const segment = this.#segmentFor(have);
      const rec = this.#gpu.record('race/keep');
      rec.copy(rows.x, this.#window(segment.rows.x, segment.filled, 1));
      if (rows.g && segment.rows.g) rec.copy(rows.g, this.#window(segment.rows.g, segment.filled, 1));
      await rec.submit();
      segment.filled++;
      this.#positions.push({ ...this.#source.position });
    }
    return true;
  }

  get #end(): number {
    const last = this.#live.at(-1);
    return last ? last.first + last.filled : this.#firstPosition + this.#positions.length - 1;
  }

  #segmentFor(grain: number): Segment {
    const last = this.#live.at(-1);
    if (last && last.filled < this.#perSegment) return last;
    const next = this.#free.pop() ?? {
      first: 0,
      filled: 0,
      rows: this.#tensors('segment', this.#perSegment),
    };
    next.first = grain;
    next.filled = 0;
    this.#live.push(next);
    return next;
  }

  #tensors(name: string, grains: number): ActivationRows {
    const shape = [grains * this.#grain, this.#source.d_in];
    const x = this.#scope.tensor(`${name}/x`, shape, 'f32');
    return this.#source.hasGradient ? { x, g: this.#scope.tensor(`${name}/g`, shape, 'f32') } : { x };
  }

  #window(t: Tensor<'f32'>, grain: number, count: number): Tensor<'f32'> {
    const { d_in } = this.#source;
    return view(t, { shape: [count * this.#grain, d_in], byteOffset: grain * this.#grain * d_in * 4 });
  }

  #inPlace(from: number, count: number): ActivationRows | undefined {
    const segment = this.#live.find((s) => from >= s.first && from + count <= s.first + s.filled);
    const at = segment ? from - segment.first : 0;
    if (!segment || (at * this.#grain * this.#source.d_in * 4) % ALIGN !== 0) return undefined;
    const { x, g } = segment.rows;
    return { x: this.#window(x, at, count), ...(g && { g: this.#window(g, at, count) }) };
  }

  async #copied(index: number, from: number, count: number): Promise<ActivationRows> {
    const held = this.#own[index];
    const fits = held && (held.x.shape[0] as number) >= count * this.#grain;
    const own = fits ? held : this.#tensors(`reader ${index}`, count);
    this.#own[index] = own;
    const rec = this.#gpu.record('race/copy');
    for (const s of this.#live) {
      const [a, b] = [Math.max(from, s.first), Math.min(from + count, s.first + s.filled)];
      if (a >= b) continue;
      rec.copy(this.#window(s.rows.x, a - s.first, b - a), this.#window(own.x, a - from, b - a));
      if (s.rows.g && own.g)
        rec.copy(this.#window(s.rows.g, a - s.first, b - a), this.#window(own.g, a - from, b - a));
    }
    await rec.submit();
    return { x: this.#window(own.x, 0, count), ...(own.g && { g: this.#window(own.g, 0, count) }) };
  }

  /** Segments that every open reader is past are filled again. */
  #recycle(): void {
    const open = this.#state.filter((s) => s.open);
    const oldest = Math.min(...open.map((s) => s.from), this.#end);
    while (this.#live[0] && this.#live[0].first + this.#live[0].filled <= oldest) {
      if (this.#live[0].filled < this.#perSegment) break; // still being filled
      this.#free.push(this.#live.shift() as Segment);
    }
    // A closed reader's position is still asked for by its last checkpoint, so drop only what all are past.
    const passed = Math.min(...this.#state.map((s) => s.at), oldest);
    this.#positions = this.#positions.slice(passed - this.#firstPosition);
    this.#firstPosition = passed;
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }
}
