import { expect, test } from 'vitest';
import { defineKernel, type Kernel, reflect, shaderCode } from './kernel.ts';
import { testGpu } from './testing.ts';

const gpu = await testGpu();

const source = `// y = x + c
const C: f32 = 1.0;
const WG: u32 = 64u;
struct Params { n: u32 }
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;
@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < params.n) { y[id.x] = x[id.x] + C; }
}`;
const spec = {
  name: 'test/add',
  source,
  tensors: ['x', 'y'],
  params: ['n'],
  constants: { C: 1, WG: 64 },
  grid: () => [1] as const,
  doc: 'y = x + c',
} as const;
const plain = (over: object): Kernel => defineKernel({ ...spec, ...over }) as unknown as Kernel;

test('bindings come in the order of their numbers, with the word of each param', () => {
  expect(reflect(plain({}))).toMatchObject({
    entry: 'main',
    storages: [
      { name: 'x', binding: 0, writable: false },
      { name: 'y', binding: 1, writable: true },
    ],
    params: [{ name: 'n', word: 0, type: 'u32' }],
    libLines: 0,
  });
});

test('names that differ either way are refused with both lists', () => {
  expect(() => reflect(plain({ tensors: ['x'] }))).toThrow('spec binds [x], shader uses [x,y]');
  expect(() => reflect(plain({ tensors: ['x', 'y', 'z'] }))).toThrow('spec binds [x,y,z], shader uses [x,y]');
  expect(() => reflect(plain({ params: ['n', 'm'] }))).toThrow('spec has params [n,m], shader has [n]');
  expect(() => reflect(plain({ entry: 'backward' }))).toThrow("no entry point 'backward'");
});

test('a constant is rewritten with the literal of its type', () => {
  const code = shaderCode(plain({}).spec, { C: 2.5, WG: 32 });
  expect(code).toContain('const C: f32 = f32(2.5);');
  expect(code).toContain('const WG: u32 = 32u;');
  expect(() => shaderCode(plain({}).spec, { WG: 1.5 })).toThrow('constant WG = 1.5 is not a u32');
  expect(() => shaderCode(plain({}).spec, { TILE: 4 })).toThrow("one line 'const TILE");
});

test('enable directives go to the first line and no line moves', () => {
  const code = shaderCode(plain({ lib: ['fn f() {}'], source: `enable f16;\n${source}` }).spec, {});
  expect(code.split('\n')[0]).toBe('enable f16; fn f() {}');
  expect(code.split('\n').length).toBe(source.split('\n').length + 2);
});

test('a compile error names the .wgsl file and the line in that file', async () => {
  const broken = plain({
    lib: ['fn one() -> f32 { return 1.0; }\n// two lines'],
    source: source.replace('+ C', '+ D'),
  });
  using s = gpu.scope('test');
  const rec = gpu.record('broken');
  const tensors = { x: s.tensor('x', [4], 'f32'), y: s.tensor('y', [4], 'f32') };
  rec.run(broken, { tensors, params: { n: 4 } });
  await expect(rec.submit()).rejects.toThrow(/test\/add\.wgsl:10:\d+: unresolved value 'D'/);
  rec.run(broken, { tensors, params: { n: 4 } });
  await expect(rec.submit()).rejects.toThrow(/does not compile/);
});
