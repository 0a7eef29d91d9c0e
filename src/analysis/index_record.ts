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
  /** A whole number below 2^53, seven bits a byte, the lowest first (LEB128). */
  count(value: number): void {
    let rest = value;
    while (rest >= 128) {
      this.#view.setUint8(this.#room(1), (rest % 128) + 128);
      rest = Math.floor(rest / 128);
    }
    this.#view.setUint8(this.#room(1), rest);
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
  count(): number {
    let value = 0;
    for (let unit = 1; unit < 2 ** 53; unit *= 128) {
      const byte = this.#view.getUint8(this.#next(1));
      value += (byte % 128) * unit;
      if (byte < 128) break;
    }
    return value;
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
 * One feature as bytes. Whole numbers are LEB128, so small ones take a byte: 40 counts of the act histogram; logit range
 * (two f32) and 40 counts; top, bottom and neighbours, each a length, then id and f32 value; examples as a length, then
 * each as interval + 1, at, start, length, ids, and of the acts above 0 a length, then place and f16.
 */
export function encodeRecord(r: RecordBody): Uint8Array<ArrayBuffer> {
  const w = new ByteWriter();
  for (const count of r.histogram.counts) w.count(count);
  const { edges, counts } = r.logitHistogram;
  w.f32(edges[0] as number);
  w.f32(edges[BINS] as number);
  for (const count of counts) w.count(count);
  const pairs = (items: readonly { readonly id: number; readonly value: number }[]): void => {
    w.count(items.length);
    for (const { id, value } of items) {
      w.count(id);
      w.f32(value);
    }
  };
  const asPairs = (items: readonly TokenEffect[]) => items.map((t) => ({ id: t.id, value: t.effect }));
  pairs(asPairs(r.topLogits));
  pairs(asPairs(r.bottomLogits));
  pairs(r.neighbours.map((n) => ({ id: n.feature, value: n.cosine })));
  w.count(r.examples.length);
  for (const e of r.examples) encodeExample(w, e);
  return w.bytes();
}

function encodeExample(w: ByteWriter, e: IndexExample): void {
  for (const value of [e.interval + 1, e.at, e.start, e.ids.length]) w.count(value);
  for (const id of e.ids) w.count(id);
  const places = [...e.acts.keys()].filter((i) => (e.acts[i] as number) > 0);
  w.count(places.length);
  for (const i of places) {
    w.count(i);
    w.u16(numberToF16(e.acts[i] as number));
  }
}

/**
 * Reads `encodeRecord` back; the activation histogram's edges run from 0 to maxAct.
 * @throws WorkbenchError('format') when the record is cut.
 */
export function decodeRecord(bytes: ArrayBuffer, maxAct: number): RecordBody {
  const r = new ByteReader(bytes);
  const counts = (): Float64Array<ArrayBuffer> => Float64Array.from(list(BINS, () => r.count()));
  const histogram: Histogram = { edges: evenEdges(0, maxAct), counts: counts() };
  const low = r.f32();
  const high = r.f32();
  const logitHistogram: Histogram = { edges: evenEdges(low, high), counts: counts() };
  const effects = (): TokenEffect[] => list(r.count(), () => ({ id: r.count(), effect: r.f32() }));
  const topLogits = effects();
  const bottomLogits = effects();
  const neighbours = list(r.count(), () => ({ feature: r.count(), cosine: r.f32() }));
  const examples = list(r.count(), () => decodeExample(r));
  return { histogram, logitHistogram, topLogits, bottomLogits, neighbours, examples };
}

function decodeExample(r: ByteReader): IndexExample {
  const interval = r.count() - 1;
  const at = r.count();
  const start = r.count();
  const ids = list(r.count(), () => r.count());
  const acts = new Float32Array(ids.length);
  for (let left = r.count(); left > 0; left--) acts[r.count()] = f16ToNumber(r.u16());
  return { ids, acts, at, position: start + at, start, interval };
}

/** BINS + 1 edges from low to high. */
export function evenEdges(low: number, high: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: BINS + 1 }, (_, b) => low + ((high - low) * b) / BINS);
}
