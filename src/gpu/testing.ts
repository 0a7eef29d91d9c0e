import { afterAll, afterEach, beforeEach, expect } from 'vitest';
import { Gpu, type GpuOptions } from './device.ts';

/**
 * One device for a test file: `const gpu = await testGpu();` at the top of it.
 *
 * After every test it waits for the GPU, rethrows what the device complained of, and checks that
 * `gpu.pool.liveBytes` is what it was (house style, rule 36).
 */
export async function testGpu(options: GpuOptions = {}): Promise<Gpu> {
  const gpu = await Gpu.open(options);
  let before = 0;
  beforeEach(() => {
    before = gpu.pool.liveBytes;
  });
  afterEach(async () => {
    await gpu.idle();
    expect(gpu.pool.liveBytes, 'GPU bytes that this test did not give back').toBe(before);
  });
  afterAll(() => gpu[Symbol.dispose]());
  return gpu;
}
