import { expect, test } from 'vitest';
import { defineKernel } from './kernel.ts';
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
