import { toHalf } from '#base/half.ts';
import type { NamedTensor } from '#model/init.ts';

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** The tensors as a safetensors file, in the given order. */
export function toSafetensors(tensors: readonly NamedTensor[], dtype: 'F32' | 'F16' = 'F32'): Uint8Array {
  const header: Record<string, Entry> = {};
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const { name, shape, data } of tensors) {
    const values = dtype === 'F16' ? toHalf(data) : data;
    parts.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    header[name] = { dtype, shape, data_offsets: [at, at + values.byteLength] };
    at += values.byteLength;
  }
  const json = JSON.stringify(header);
  const text = new TextEncoder().encode(json + ' '.repeat((8 - (json.length % 8)) % 8));
  const bytes = new Uint8Array(8 + text.length + at);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  let offset = 8 + text.length;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** The tensors of an F32 safetensors file, in the file's order. */
export function readF32(bytes: Uint8Array): NamedTensor[] {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<string, Entry>;
  return Object.entries(header).map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [lo, hi],
      },
    ]) => {
      if (dtype !== 'F32') throw new Error(`safetensors: ${name} is ${dtype}, expected F32`);
      return { name, shape, data: new Float32Array(bytes.slice(8 + length + lo, 8 + length + hi).buffer) };
    },
  );
}
