import { expect, test } from 'vitest';
import { Gpu } from './device.ts';
import { timeTable } from './profiler.ts';
import { testGpu } from './testing.ts';

const gpu = await testGpu();

test('results come in order of push, though the tensor has changed since', async () => {
  using s = gpu.scope('test');
  const t = s.tensor('loss', [2], 'f32');
  using ring = gpu.readback(2, 8);
  const seen: number[] = [];
  for (let step = 0; step < 7; step++) {
    gpu.write(t, Float32Array.of(step, -step));
    await ring.push(t);
    for (const bytes of ring.poll()) seen.push(new Float32Array(bytes)[0] as number);
  }
  for (const bytes of await ring.drain()) seen.push(new Float32Array(bytes)[0] as number);
  expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(ring.length).toBe(0);
  expect(await ring.next()).toBeUndefined();
});

test('a tensor larger than a slot is refused', async () => {
  using s = gpu.scope('test');
  using ring = gpu.readback(1, 4);
  await expect(ring.push(s.tensor('t', [2], 'f32'))).rejects.toThrow(/t has 8 bytes, a slot 4/);
});

test('f16 tensors are written as bits and read as numbers', async () => {
  using s = gpu.scope('test');
  const t = s.upload('h', [3], 'f16', Uint16Array.of(0x3c00, 0xc000, 0x3800));
  expect([...(await gpu.readF32(t))]).toEqual([1, -2, 0.5]);
});

test('data of another length than the tensor is refused', () => {
  using s = gpu.scope('test');
  expect(() => s.upload('t', [3], 'f32', new Float32Array(2))).toThrow(
    'write: 8 bytes for t [3] of 12 bytes',
  );
});

test('times add up by kernel and grid, the longest first', () => {
  const one = { kernel: 'a', grid: [1, 1, 1] as const, us: 5 };
  const table = timeTable([one, { ...one, us: 7 }, { ...one, kernel: 'b', us: 20 }]);
  expect(table.map((t) => [t.kernel, t.us, t.calls])).toEqual([
    ['b', 20, 1],
    ['a', 12, 2],
  ]);
});

test('a lost device says so on `lost` and at the next await', async () => {
  const other = await Gpu.open();
  using s = other.scope('test');
  const t = s.tensor('t', [4], 'f32');
  other.device.destroy();
  expect((await other.lost).code).toBe('device-lost');
  await expect(other.read(t)).rejects.toMatchObject({ code: 'device-lost' });
  await expect(other.record('r').submit()).rejects.toMatchObject({ code: 'device-lost' });
});
