import { expect, test } from 'vitest';
import { defineKernel } from './kernel.ts';
import { rows, view } from './tensor.ts';
import { testGpu } from './testing.ts';

const gpu = await testGpu();

const source = `// y[i] = x[i]·scale + shift
const WG: u32 = 64u;
struct Params { n: u32, scale: f32, shift: i32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;
@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < params.n) { y[id.x] = x[id.x] * params.scale + f32(params.shift); }
}
`;
const affine = defineKernel({
  name: 'test/affine',
  source,
  tensors: ['x', 'y'],
  params: ['n', 'scale', 'shift'],
  constants: { WG: 64 },
  grid: ({ n }, { WG }) => [Math.ceil(n / WG)],
  doc: 'y = x·scale + shift',
});

test('dispatches run in order and each sees what came before', async () => {
  using s = gpu.scope('test');
  const a = s.upload('a', [5], 'f32', Float32Array.of(1, 2, 3, 4, 5));
  const b = s.tensor('b', [5], 'f32');
  const c = s.tensor('c', [5], 'f32');
  const rec = gpu.record('chain');
  rec.run(affine, { tensors: { x: a, y: b }, params: { n: 5, scale: 2, shift: -1 } });
  rec.run(affine, { tensors: { x: b, y: c }, params: { n: 4, scale: 10, shift: 3 }, constants: { WG: 32 } });
  rec.clear(a);
  await rec.submit();
  expect([...(await gpu.readF32(b))]).toEqual([1, 3, 5, 7, 9]);
  expect([...(await gpu.readF32(c))].slice(0, 4)).toEqual([13, 33, 53, 73]);
  expect([...(await gpu.readF32(a))]).toEqual([0, 0, 0, 0, 0]);
});

const call = (s: ReturnType<typeof gpu.scope>) => ({
  x: s.upload('x', [64], 'f32', new Float32Array(64).fill(1)),
  y: s.tensor('y', [64], 'f32'),
});
const params = { n: 64, scale: 1, shift: 1 };

test('what WebGPU would refuse is refused by name', () => {
  using s = gpu.scope('test');
  const { x, y } = call(s);
  const both = s.tensor('both', [256], 'f32');
  const rec = gpu.record('bad');
  const run = (tensors: { x: typeof x; y: typeof y }, p = params) => rec.run(affine, { tensors, params: p });
  expect(() => run({ x, y: x })).toThrow('test/affine: x (x) shares a buffer with y, which is written');
  expect(() => run({ x: rows(both, 0, 64), y: rows(both, 64, 64) })).toThrow('shares a buffer');
  expect(() => run({ x: view(both, { shape: [4], byteOffset: 16 }), y })).toThrow(/starts at byte 16/);
  expect(() => run({ x, y }, { ...params, n: 64 * 65536 })).toThrow(/grid \[65536,1,1\] exceeds 65535/);
  expect(() => run({ x, y }, { ...params, n: -1 })).toThrow('param n = -1 is not a u32');
  expect(() => run({ x, y }, { ...params, scale: Number.NaN })).toThrow('param scale = NaN is not a f32');
  expect(() => run({ x, y }, { ...params, shift: 0.5 })).toThrow('param shift = 0.5 is not a i32');
  expect(() => rec.copy(rows(both, 0, 64), rows(both, 64, 64))).toThrow('lie in one buffer');
  expect(() => rec.copy(x, both)).toThrow('has 256 bytes, both');
  expect(rec.length).toBe(0);
});

test('writes and reads wait behind a submit that still compiles', async () => {
  using s = gpu.scope('test');
  const { x, y } = call(s);
  const z = s.tensor('z', [64], 'f32');
  const rec = gpu.record('slow');
  rec.run(affine, { tensors: { x, y }, params, constants: { WG: 16 } });
  const first = rec.submit();
  const data = new Float32Array(64).fill(5);
  gpu.write(x, data);
  data.fill(9); // the write has its own copy
  rec.run(affine, { tensors: { x, y: z }, params });
  void rec.submit();
  const [yThen, zThen] = await Promise.all([gpu.readF32(y), gpu.readF32(z)]);
  await first;
  expect([yThen[0], zThen[63]]).toEqual([2, 6]);
});

test('a scope may end while its submit still compiles', async () => {
  using s = gpu.scope('test');
  const y = s.tensor('y', [64], 'f32');
  const rec = gpu.record('slow');
  {
    using inner = gpu.scope('inner');
    const x = inner.upload('x', [64], 'f32', new Float32Array(64).fill(3));
    rec.run(affine, { tensors: { x, y }, params, constants: { WG: 8 } });
    void rec.submit();
  }
  gpu.pool.trim();
  expect((await gpu.readF32(y))[5]).toBe(4);
});

test('more calls than the uniform ring holds keep their own params', async () => {
  using s = gpu.scope('test');
  const { x, y } = call(s);
  const rec = gpu.record('many');
  for (let i = 0; i < 1500; i++) rec.run(affine, { tensors: { x, y }, params: { n: 1, scale: i, shift: 0 } });
  await rec.submit();
  expect((await gpu.readF32(y))[0]).toBe(1499);
  for (let i = 0; i < 1000; i++) rec.run(affine, { tensors: { x, y }, params: { n: 1, scale: 0, shift: i } });
  await rec.submit();
  expect((await gpu.readF32(y))[0]).toBe(999);
});

test('after warm-up a step creates no pipeline, bind group or buffer', async () => {
  using s = gpu.scope('test');
  const { x, y } = call(s);
  const ring = gpu.readback(2, 256);
  const step = async (i: number) => {
    const rec = gpu.record('step');
    rec.run(affine, { tensors: { x, y }, params: { ...params, shift: i } });
    rec.run(affine, { tensors: { x: y, y: x }, params });
    await rec.submit();
    await ring.push(y);
    ring.poll();
  };
  await step(0);
  const made: string[] = [];
  const device = gpu.device as unknown as Record<string, (...a: unknown[]) => unknown>;
  const names = ['createBuffer', 'createBindGroup', 'createBindGroupLayout', 'createPipelineLayout'];
  for (const name of [
    ...names,
    'createShaderModule',
    'createComputePipelineAsync',
    'createComputePipeline',
  ]) {
    const original = device[name] as (...a: unknown[]) => unknown;
    device[name] = (...args) => {
      made.push(name);
      return original.apply(gpu.device, args);
    };
  }
  for (let i = 1; i <= 16; i++) await step(i);
  await ring.drain();
  ring[Symbol.dispose]();
  for (const name of Object.keys(device)) if (Object.hasOwn(device, name)) delete device[name];
  expect(made).toEqual([]);
});

test('a validation error of the device is thrown at the next await', async () => {
  gpu.device.createBuffer({ size: 4, usage: 0 });
  await expect(gpu.idle()).rejects.toMatchObject({ code: 'kernel' });
  await gpu.idle();
});

test('a profile times each dispatch by kernel and grid', async ({ skip }) => {
  if (!gpu.caps.timestamps) skip('this adapter has no timestamp queries');
  using s = gpu.scope('test');
  const { x, y } = call(s);
  const times = await gpu.profile(async () => {
    const rec = gpu.record('timed');
    rec.run(affine, { tensors: { x, y }, params });
    rec.clear(x);
    rec.run(affine, { tensors: { x: y, y: x }, params });
    await rec.submit();
  });
  expect(times.map((t) => [t.kernel, t.grid])).toEqual([
    ['test/affine', [1, 1, 1]],
    ['test/affine', [1, 1, 1]],
  ]);
  for (const t of times) expect(t.us).toBeGreaterThanOrEqual(0);
  expect((await gpu.readF32(x))[0]).toBe(3);
});
