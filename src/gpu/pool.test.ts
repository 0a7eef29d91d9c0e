import { expect, test } from 'vitest';
import { Gpu } from './device.ts';
import { bucketBytes } from './pool.ts';
import { testGpu } from './testing.ts';

const gpu = await testGpu({ caps: { maxBufferBytes: 8 * 2 ** 20 }, idleBudgetBytes: 6 * 2 ** 20 });
const MIB = 2 ** 20;

test('sizes are powers of two up to 1 MiB and exact above', () => {
  expect([0, 1, 257, MIB, MIB + 1].map(bucketBytes)).toEqual([256, 256, 512, MIB, MIB + 256]);
});

test('a scope gives everything back, and what it gave is reused', () => {
  const live = gpu.pool.liveBytes;
  let first: GPUBuffer;
  {
    using s = gpu.scope('a');
    first = s.tensor('x', [1000], 'f32').buffer;
    expect(gpu.pool.liveBytes).toBe(live + 4096);
  }
  expect(gpu.pool.liveBytes).toBe(live);
  using s = gpu.scope('b');
  expect(s.tensor('y', [1024], 'f32').buffer).toBe(first);
});

test('a tensor that was given away outlives its scope', () => {
  using out = gpu.scope('out');
  const live = gpu.pool.liveBytes;
  {
    using s = gpu.scope('a');
    s.give(s.tensor('kept', [64], 'f32'), out);
    s.tensor('dropped', [64], 'f32');
  }
  expect(gpu.pool.liveBytes).toBe(live + 256);
});

test('idle buffers stay within the budget, the oldest go first', () => {
  gpu.pool.trim();
  for (const mib of [2, 3, 4]) {
    using s = gpu.scope('big');
    s.tensor('t', [mib * 2 ** 18], 'f32');
  }
  expect(gpu.pool.idleBytes).toBe(4 * MIB);
});

test('a tensor over the largest buffer is refused by name and figure', () => {
  using s = gpu.scope('model');
  expect(() => s.tensor('W_E', [3 * MIB], 'f32')).toThrow(
    "model/W_E needs 12.0 MiB; this adapter's largest buffer is 8.0 MiB",
  );
});

test('an allocation that the device refuses rejects the next submit with its name', async () => {
  const { device } = gpu;
  gpu.pool.trim();
  // A device cannot be made to run out of memory on demand, so its answer is put in the place of the real one.
  const popped = device.popErrorScope;
  device.popErrorScope = async () => {
    await popped.call(device);
    return new GPUOutOfMemoryError('no more');
  };
  using s = gpu.scope('test');
  s.tensor('huge', [MIB], 'f32');
  device.popErrorScope = popped;
  await expect(gpu.record('r').submit()).rejects.toThrow(
    /No GPU memory for test\/huge \(4\.0 MiB\): no more/,
  );
});

test('without an adapter the error says what to do', async () => {
  const none = { requestAdapter: async () => null } as unknown as GPU;
  await expect(Gpu.open({ gpu: none })).rejects.toMatchObject({ code: 'gpu-unavailable' });
});
