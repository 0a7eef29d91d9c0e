import { expect, test } from 'vitest';
import { type Kernel, reflect, shaderCode } from '../kernel.ts';
import { testGpu } from '../testing.ts';
import * as activation from './activation.ts';
import * as attention from './attention.ts';
import * as elementwise from './elementwise.ts';
import * as embed from './embed.ts';
import * as linear from './linear.ts';
import * as loss from './loss.ts';
import * as norm from './norm.ts';
import * as optim from './optim.ts';
import * as reduce from './reduce.ts';
import * as rows from './rows.ts';

const gpu = await testGpu();
const MODULES = [activation, attention, elementwise, embed, linear, loss, norm, optim, reduce, rows];
const isKernel = (x: unknown): x is Kernel => typeof x === 'object' && x !== null && 'spec' in x;
const kernels = MODULES.flatMap((m) => Object.values<unknown>(m).filter(isKernel));

test('every kernel of the ops has the names of its shader, a formula and a name of its own', () => {
  expect(kernels.length).toBeGreaterThan(20);
  expect(new Set(kernels.map((k) => k.spec.name)).size).toBe(kernels.length);
  for (const k of kernels) {
    reflect(k);
    expect(k.spec.doc, k.spec.name).toMatch(/\S/);
    expect(k.spec.source.startsWith('// '), `${k.spec.name} opens with its formula`).toBe(true);
  }
});

test('every kernel compiles for software adapters and for hardware without a warning', async () => {
  for (const { spec } of kernels) {
    const lanes = 'LANES' in (spec.constants ?? {});
    for (const constants of lanes ? [{ LANES: 1 }, { LANES: 64 }] : [{}]) {
      const module = gpu.device.createShaderModule({ code: shaderCode(spec, constants) });
      const { messages } = await module.getCompilationInfo();
      expect(messages.map((m) => `${spec.name}: ${m.message}`)).toEqual([]);
    }
  }
});
