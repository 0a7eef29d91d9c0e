import { describe, expect, test } from 'vitest';
import { numberToF16 } from '#base/num.ts';
import { contentId, sha256Hex } from './hash.ts';
import { openSafetensors, writeSafetensors } from './safetensors.ts';

/** A file with any header, however wrong. */
function fileOf(
  header: unknown,
  dataBytes: number,
  options: { claim?: bigint } = {},
): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const out = new Uint8Array(8 + json.length + dataBytes);
  new DataView(out.buffer).setBigUint64(0, options.claim ?? BigInt(json.length), true);
  out.set(json, 8);
  return out;
}
const tensor = (dtype: string, shape: unknown, offsets: unknown): object => ({
  dtype,
  shape,
  data_offsets: offsets,
});

test('what is written is read back bit for bit, by range and in every order of names', async () => {
  const a = Float32Array.of(1, -0, 3.5, 1e-40, 5, 6);
  const b = Uint32Array.of(7, 4294967295);
  const bytes = writeSafetensors({ b: { shape: [2], data: b }, a: { shape: [2, 3], data: a } }, { k: 'v' });
  expect(writeSafetensors({ a: { shape: [2, 3], data: a }, b: { shape: [2], data: b } }, { k: 'v' })).toEqual(
    bytes,
  );
  for (const source of [bytes, bytes.buffer, new Blob([bytes])]) {
    const file = await openSafetensors(source, 'x');
    expect(file.metadata).toEqual({ k: 'v' });
    expect([...(await file.f32('a'))]).toEqual([...a]);
    expect([...(await file.f32('a', 2, 4))]).toEqual([3.5, Math.fround(1e-40)]);
    expect([...new Uint32Array(await file.bytes('b'))]).toEqual([...b]);
    expect(file.tensors.get('a')?.shape).toEqual([2, 3]);
  }
});

test('half precision and integers become f32', async () => {
  const halves = Uint16Array.from([0.5, -2, 65504], numberToF16);
  const brain = Uint16Array.of(0x3f80, 0xc000);
  const bytes = writeSafetensors({
    h: { shape: [3], data: halves, dtype: 'F16' },
    b: { shape: [2], data: brain, dtype: 'BF16' },
    u: { shape: [2], data: Uint8Array.of(3, 255) },
    d: { shape: [1], data: Float64Array.of(0.1) },
  });
  const file = await openSafetensors(bytes, 'x');
  expect([...(await file.f32('h'))]).toEqual([0.5, -2, 65504]);
  expect([...(await file.f32('b'))]).toEqual([1, -2]);
  expect([...(await file.f32('u'))]).toEqual([3, 255]);
  expect([...(await file.f32('d'))]).toEqual([Math.fround(0.1)]);
});

test('the reader takes the file of the upstream library', async () => {
  // safetensors 0.4: header padded with spaces, offsets in order of the data.
  const header = '{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"__metadata__":{"format":"pt"}}   ';
  const file = await openSafetensors(fileOf(header, 8), 'x');
  expect([...(await file.f32('w'))]).toEqual([0, 0]);
});

const HOSTILE: readonly (readonly [string, Uint8Array<ArrayBuffer>])[] = [
  ['an empty file', new Uint8Array(0)],
  ['a file cut inside its header', fileOf({ a: tensor('F32', [1], [0, 4]) }, 4).slice(0, 30)],
  ['a header longer than the file', fileOf({}, 0, { claim: 1000n })],
  ['a header of 2^63 bytes', fileOf({}, 0, { claim: 2n ** 63n })],
  ['a header that is no JSON', fileOf('{"a":', 8)],
  ['a header that is a list', fileOf('[1,2]      ', 8)],
  ['a tensor that is null', fileOf({ a: null }, 8)],
  ['data that is cut off', fileOf({ a: tensor('F32', [4], [0, 16]) }, 8)],
  ['offsets that run backwards', fileOf({ a: tensor('F32', [1], [4, 0]) }, 8)],
  ['negative offsets', fileOf({ a: tensor('F32', [1], [-4, 0]) }, 8)],
  ['a size that differs from the shape', fileOf({ a: tensor('F32', [3], [0, 8]) }, 8)],
  ['a shape whose product overflows', fileOf({ a: tensor('F32', [2 ** 40, 2 ** 40], [0, 8]) }, 8)],
  ['an unknown dtype', fileOf({ a: tensor('F8_E4M3', [8], [0, 8]) }, 8)],
  ['a dtype named like a prototype', fileOf({ a: tensor('constructor', [8], [0, 8]) }, 8)],
  [
    'two tensors on the same bytes',
    fileOf({ a: tensor('F32', [2], [0, 8]), b: tensor('F32', [1], [4, 8]) }, 8),
  ],
];

describe('a hostile file is refused in one sentence', () => {
  test.each(HOSTILE)('%s', async (_name, bytes) => {
    const error = await openSafetensors(bytes, 'model.safetensors').catch((e: unknown) => e as Error);
    expect(error).toMatchObject({ name: 'WorkbenchError', code: 'format' });
    expect((error as Error).message).toMatch(/^model\.safetensors: [^\n]{10,200}$/);
  });
});

test('ids depend on every chunk and on where one file ends', async () => {
  const big = new Uint8Array(8 * 2 ** 20 + 1);
  const id = await contentId(big);
  expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/);
  big[big.length - 1] = 1;
  expect(await contentId(big)).not.toBe(id);
  expect(await contentId(new Blob([big]))).toBe(await contentId(big));
  expect(await sha256Hex(new TextEncoder().encode('abc'))).toMatch(/^ba7816bf.*15ad$/);
});
