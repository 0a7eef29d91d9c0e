import { expect, test } from 'vitest';
import { crc32, zipStore } from './zip_store.ts';

test('the CRC of "123456789" is the check value of the standard', () => {
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
});

test('a zip of two files has both names, both bodies and a directory that points at them', () => {
  const zip = zipStore({
    'a/cfg.json': new TextEncoder().encode('{}'),
    'a/w.bin': new Uint8Array([1, 2, 3]),
  });
  const view = new DataView(zip.buffer);
  const end = zip.length - 22;
  expect(view.getUint32(end, true)).toBe(0x06054b50);
  expect(view.getUint16(end + 10, true)).toBe(2);
  const directory = view.getUint32(end + 16, true);
  expect(view.getUint32(directory, true)).toBe(0x02014b50);
  expect(view.getUint32(directory + 20, true)).toBe(2);
  const name = new TextDecoder().decode(zip.subarray(directory + 46, directory + 56));
  expect(name).toBe('a/cfg.json');
  const second = directory + 46 + 10;
  const at = view.getUint32(second + 42, true);
  expect(view.getUint32(at, true)).toBe(0x04034b50);
  expect([...zip.subarray(at + 30 + 7, at + 30 + 10)]).toEqual([1, 2, 3]);
});
