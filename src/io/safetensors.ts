import { WorkbenchError } from '#base/errors.ts';
import { bf16ToNumber, f16ToNumber } from '#base/num.ts';
import { type ByteSource, byteLengthOf, readRange } from './hash.ts';

/** Bytes an element of each dtype of the format (huggingface/safetensors). */
const DTYPE_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const;
export type SafeDType = keyof typeof DTYPE_BYTES;

const MAX_HEADER_BYTES = 64 * 2 ** 20;
const MAX_RANK = 8;

/** Where one tensor lies in the file. */
export interface SafeTensorInfo {
  readonly name: string;
  readonly dtype: SafeDType;
  readonly shape: readonly number[];
  /** From the start of the file. */
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** An opened file: header checked, tensors read on demand by range. */
export interface Safetensors {
  /** File name for messages. */
  readonly label: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, SafeTensorInfo>;
  /**
   * Raw little-endian bytes of a tensor, or of its elements [from, to).
   *
   * @throws WorkbenchError('format') when there is no such tensor.
   */
  bytes(name: string, from?: number, to?: number): Promise<ArrayBuffer>;
  /**
   * Values as f32: F32 as it is; F16, BF16, F64, integers and BOOL converted. Elements [from, to) when given.
   *
   * @throws WorkbenchError('format') when there is no such tensor.
   */
  f32(name: string, from?: number, to?: number): Promise<Float32Array<ArrayBuffer>>;
}

/** What `writeSafetensors` takes: the dtype follows from the array, unless `dtype` says that u16 words are F16/BF16. */
export interface TensorData {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Uint32Array | Int32Array | Uint16Array | Uint8Array;
  readonly dtype?: 'F16' | 'BF16';
}

function bad(label: string, why: string): WorkbenchError {
  return new WorkbenchError('format', `${label}: ${why}`, {
    hint: 'Choose another safetensors file, or download this one again.',
  });
}

const isCount = (x: unknown): x is number => typeof x === 'number' && Number.isSafeInteger(x) && x >= 0;

/** One entry of the header, checked against the file's data region of `dataBytes` bytes. */
function readEntry(
  label: string,
  name: string,
  raw: unknown,
  data: { start: number; bytes: number },
): SafeTensorInfo {
  const fail = (why: string): WorkbenchError => bad(label, `tensor ${name.slice(0, 80)} ${why}`);
  if (typeof raw !== 'object' || raw === null) throw fail('has no description in the header.');
  const { dtype, shape, data_offsets: offsets } = raw as Record<string, unknown>;
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPE_BYTES, dtype))
    throw fail(
      `has dtype ${String(dtype).slice(0, 20)}, expected one of ${Object.keys(DTYPE_BYTES).join(', ')}.`,
    );
  if (!Array.isArray(shape) || shape.length > MAX_RANK || !shape.every(isCount))
    throw fail('has a shape that is not a short list of sizes.');
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    throw fail('has no valid data_offsets.');
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > data.bytes)
    throw fail(
      `lies at bytes ${begin} to ${end} of ${data.bytes}: the file is truncated or its header is wrong.`,
    );
  const expected = shape.reduce((a: number, b: number) => a * b, 1) * DTYPE_BYTES[dtype as SafeDType];
  if (expected !== end - begin)
    throw fail(
      `of shape [${shape}] and ${dtype} needs ${expected} bytes, but the header gives it ${end - begin}.`,
    );
  return {
    name,
    dtype: dtype as SafeDType,
    shape: shape as number[],
    byteOffset: data.start + begin,
    byteLength: end - begin,
  };
}

function checkOverlaps(label: string, infos: readonly SafeTensorInfo[]): void {
  const sorted = infos.filter((t) => t.byteLength > 0).sort((a, b) => a.byteOffset - b.byteOffset);
  sorted.forEach((t, i) => {
    const before = sorted[i - 1];
    if (before && before.byteOffset + before.byteLength > t.byteOffset)
      throw bad(
        label,
        `tensors ${before.name.slice(0, 80)} and ${t.name.slice(0, 80)} overlap in the header.`,
      );
  });
}

async function readHeader(
  source: ByteSource,
  label: string,
): Promise<{ header: Record<string, unknown>; start: number }> {
  const fileBytes = byteLengthOf(source);
  if (fileBytes < 10) throw bad(label, `not a safetensors file, it holds ${fileBytes} bytes.`);
  const length = new DataView(await readRange(source, 0, 8)).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES) || Number(length) > fileBytes - 8)
    throw bad(
      label,
      `header of ${length} bytes in a file of ${fileBytes}: truncated, or not a safetensors file.`,
    );
  const start = 8 + Number(length);
  const bytes = await readRange(source, 8, start);
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof header === 'object' && header !== null && !Array.isArray(header))
      return { header: header as Record<string, unknown>, start };
  } catch {
    // Said below, together with the case of valid JSON that is no object.
  }
  throw bad(label, 'the header is not JSON: not a safetensors file, or a damaged one.');
}

function readMetadata(raw: unknown): Readonly<Record<string, string>> {
  if (typeof raw !== 'object' || raw === null) return {};
  return Object.fromEntries(Object.entries(raw).filter(([, v]) => typeof v === 'string')) as Record<
    string,
    string
  >;
}

/** Widens a typed view of raw bytes to f32. */
export function toF32(bytes: ArrayBuffer, dtype: SafeDType): Float32Array<ArrayBuffer> {
  switch (dtype) {
    case 'F32':
      return new Float32Array(bytes);
    case 'F16':
      return Float32Array.from(new Uint16Array(bytes), f16ToNumber);
    case 'BF16':
      return Float32Array.from(new Uint16Array(bytes), bf16ToNumber);
    case 'F64':
      return Float32Array.from(new Float64Array(bytes));
    case 'I64':
      return Float32Array.from(new BigInt64Array(bytes), Number);
    case 'U64':
      return Float32Array.from(new BigUint64Array(bytes), Number);
    case 'I32':
      return Float32Array.from(new Int32Array(bytes));
    case 'U32':
      return Float32Array.from(new Uint32Array(bytes));
    case 'I16':
      return Float32Array.from(new Int16Array(bytes));
    case 'U16':
      return Float32Array.from(new Uint16Array(bytes));
    case 'I8':
      return Float32Array.from(new Int8Array(bytes));
    case 'U8':
    case 'BOOL':
      return Float32Array.from(new Uint8Array(bytes));
  }
}

/**
 * Opens a safetensors file: u64 header length, JSON header, data. Only the header is read here.
 *
 * The header is at most 64 MiB and inside the file, offsets are inside the data, sizes match shape and dtype, and no
 * two tensors overlap; anything else is refused before memory is taken for it.
 *
 * @throws WorkbenchError('format') with one sentence.
 */
export async function openSafetensors(source: ByteSource, label: string): Promise<Safetensors> {
  const { header, start } = await readHeader(source, label);
  const data = { start, bytes: byteLengthOf(source) - start };
  const names = Object.keys(header).filter((n) => n !== '__metadata__');
  const infos = names.map((n) => readEntry(label, n, header[n], data));
  checkOverlaps(label, infos);
  const tensors = new Map(infos.map((t) => [t.name, t]));
  const bytes = async (name: string, from?: number, to?: number): Promise<ArrayBuffer> => {
    const t = tensors.get(name);
    if (!t) throw bad(label, `there is no tensor ${name}.`);
    const width = DTYPE_BYTES[t.dtype];
    const count = t.byteLength / width;
    const first = Math.min(from ?? 0, count);
    const last = Math.min(Math.max(to ?? count, first), count);
    return readRange(source, t.byteOffset + first * width, t.byteOffset + last * width);
  };
  const f32 = async (name: string, from?: number, to?: number): Promise<Float32Array<ArrayBuffer>> => {
    const raw = await bytes(name, from, to);
    return toF32(raw, (tensors.get(name) as SafeTensorInfo).dtype);
  };
  return { label, metadata: readMetadata(header['__metadata__']), tensors, bytes, f32 };
}

function dtypeOf(t: TensorData): SafeDType {
  if (t.dtype) return t.dtype;
  if (t.data instanceof Float32Array) return 'F32';
  if (t.data instanceof Float64Array) return 'F64';
  if (t.data instanceof Uint32Array) return 'U32';
  if (t.data instanceof Int32Array) return 'I32';
  if (t.data instanceof Uint16Array) return 'U16';
  return 'U8';
}

/**
 * Bytes of a safetensors file. Equal input gives equal bytes: tensors go by width, then by name, as upstream does.
 *
 * @throws WorkbenchError('shape') when data and shape differ.
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, TensorData>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const names = Object.keys(tensors).sort((a, b) => {
    const width = tensors[b]!.data.BYTES_PER_ELEMENT - tensors[a]!.data.BYTES_PER_ELEMENT;
    return width || (a < b ? -1 : a > b ? 1 : 0);
  });
  const header: Record<string, unknown> = {};
  const keys = Object.keys(metadata).sort();
  if (keys.length > 0) header['__metadata__'] = Object.fromEntries(keys.map((k) => [k, metadata[k]]));
  let at = 0;
  for (const name of names) {
    const t = tensors[name]!;
    const count = t.shape.reduce((a, b) => a * b, 1);
    if (count !== t.data.length)
      throw new WorkbenchError(
        'shape',
        `safetensors: ${name} [${t.shape}] has ${t.data.length} values, not ${count}`,
      );
    header[name] = { dtype: dtypeOf(t), shape: t.shape, data_offsets: [at, at + t.data.byteLength] };
    at += t.data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  // Data starts at a multiple of 8, as upstream writes it; the padding is spaces.
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const out = new Uint8Array(8 + headerBytes + at).fill(0x20, 8, 8 + headerBytes);
  new DataView(out.buffer).setBigUint64(0, BigInt(headerBytes), true);
  out.set(json, 8);
  let to = 8 + headerBytes;
  for (const name of names) {
    const { data } = tensors[name]!;
    out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), to);
    to += data.byteLength;
  }
  return out;
}
