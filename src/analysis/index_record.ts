import { WorkbenchError } from '#base/errors.ts';
import { f16ToNumber, numberToF16 } from '#base/num.ts';
import type { FeatureRecord, Histogram, IndexExample, TokenEffect } from './index_store.ts';

/** Bins of both histograms. */
export const BINS = 40;

/** Numbers one after the other, little-endian. */
class ByteWriter {
  #view = new DataView(new ArrayBuffer(4096));
  #at = 0;
  #room(bytes: number): number {
    if (this.#at + bytes > this.#view.byteLength) {
      const wider = new Uint8Array(this.#view.byteLength * 2);
      wider.set(new Uint8Array(this.#view.buffer));
      this.#view = new DataView(wider.buffer);
    }
    this.#at += bytes;
    return this.#at - bytes;
  }
  u16(value: number): void {
    this.#view.setUint16(this.#room(2), value, true);
  }
  u32(value: number): void {
    this.#view.setUint32(this.#room(4), value, true);
  }
  f32(value: number): void {
    this.#view.setFloat32(this.#room(4), value, true);
  }
  bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#view.buffer as ArrayBuffer, 0, this.#at).slice();
  }
}

/** The same way back; reading past the end is a damaged file. */
class ByteReader {
  readonly #view: DataView;
  #at = 0;
  constructor(bytes: ArrayBuffer) {
    this.#view = new DataView(bytes);
  }
  #next(bytes: number): number {
    if (this.#at + bytes > this.#view.byteLength)
      throw new WorkbenchError('format', 'index: a feature record ends too early', {
        hint: 'Build the index again.',
      });
    this.#at += bytes;
    return this.#at - bytes;
  }
  u16(): number {
    return this.#view.getUint16(this.#next(2), true);
  }
  u32(): number {
    return this.#view.getUint32(this.#next(4), true);
  }
  f32(): number {
    return this.#view.getFloat32(this.#next(4), true);
  }
}

const list = <T>(n: number, read: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => read(i));

/** What a record leaves out because the table or the file says it. */
export type RecordBody = Pick<
  FeatureRecord,
  'histogram' | 'logitHistogram' | 'examples' | 'topLogits' | 'bottomLogits' | 'neighbours'
>;

/**
 * One feature as bytes: histogram counts u32; logit range f32 and counts u32; token lists and neighbours, each a u16
 * count then u32 id and f32 value; examples as a u16 count, then u16 interval + 1, at, start, length, u32 ids, f16 acts.
 */
export function encodeRecord(r: RecordBody): Uint8Array<ArrayBuffer> {
  const w = new ByteWriter();
  for (const count of r.histogram.counts) w.u32(count);
  const { edges, counts } = r.logitHistogram;
  w.f32(edges[0] as number);
  w.f32(edges[BINS] as number);
  for (const count of counts) w.u32(count);
  const pairs = (items: readonly { readonly id: number; readonly value: number }[]): void => {
    w.u16(items.length);
    for (const { id, value } of items) {
      w.u32(id);
      w.f32(value);
    }
  };
  const asPairs = (items: readonly TokenEffect[]) => items.map((t) => ({ id: t.id, value: t.effect }));
  pairs(asPairs(r.topLogits));
  pairs(asPairs(r.bottomLogits));
  pairs(r.neighbours.map((n) => ({ id: n.feature, value: n.cosine })));
  w.u16(r.examples.length);
  for (const e of r.examples) {
    for (const value of [e.interval + 1, e.at, e.start, e.ids.length]) w.u16(value);
    for (const id of e.ids) w.u32(id);
    for (const act of e.acts) w.u16(numberToF16(act));
  }
  return w.bytes();
}

/**
 * Reads `encodeRecord` back; the activation histogram's edges run from 0 to maxAct.
 * @throws WorkbenchError('format') when the record is cut.
 */
export function decodeRecord(bytes: ArrayBuffer, maxAct: number): RecordBody {
  const r = new ByteReader(bytes);
  const counts = (): Float64Array<ArrayBuffer> => Float64Array.from(list(BINS, () => r.u32()));
  const histogram: Histogram = { edges: evenEdges(0, maxAct), counts: counts() };
  const low = r.f32();
  const high = r.f32();
  const logitHistogram: Histogram = { edges: evenEdges(low, high), counts: counts() };
  const effects = (): TokenEffect[] => list(r.u16(), () => ({ id: r.u32(), effect: r.f32() }));
  const topLogits = effects();
  const bottomLogits = effects();
  const neighbours = list(r.u16(), () => ({ feature: r.u32(), cosine: r.f32() }));
  const examples = list(r.u16(), () => decodeExample(r));
  return { histogram, logitHistogram, topLogits, bottomLogits, neighbours, examples };
}

function decodeExample(r: ByteReader): IndexExample {
  const interval = r.u16() - 1;
  const at = r.u16();
  const start = r.u16();
  const length = r.u16();
  const ids = list(length, () => r.u32());
  const acts = Float32Array.from(list(length, () => f16ToNumber(r.u16())));
  return { ids, acts, at, position: start + at, start, interval };
}

/** BINS + 1 edges from low to high. */
export function evenEdges(low: number, high: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: BINS + 1 }, (_, b) => low + ((high - low) * b) / BINS);
}
