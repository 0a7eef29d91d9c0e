// Headlight's own TopK step and matmul in the form of the other peers (problem.ts).
// bench/ is a package of its own, so the # names of the root package do not resolve here: plain paths instead.
import '../src/base/dispose.ts';
import { Gpu } from '../src/gpu/device.ts';
import { matmul as matmulOp } from '../src/gpu/ops/linear.ts';
import { resolveConfig } from '../src/sae/config.ts';
import { adamStep } from '../src/sae/ops/adam.ts';
import { makeSpace } from '../src/sae/space.ts';
import { recordStep } from '../src/sae/step.ts';
import { type TopkConfig, topk } from '../src/sae/variants/topk.ts';
import {
  ADAM,
  type MatmulBench,
  type MatmulProblem,
  type SaeBench,
  type SaeProblem,
  saeTensors,
} from './problem.ts';

export const name = 'headlight';
let gpu: Gpu;

export async function init(): Promise<void> {
  gpu = await Gpu.open();
}

/** The bench step: the peers' step, so no input shift, AuxK, clipping or unit norm. */
export async function sae(problem: SaeProblem): Promise<SaeBench> {
  const { B, d, F, k } = problem;
  const t = saeTensors(problem);
  const cfg = resolveConfig<TopkConfig>('bench', topk.fields, { ...topk.presets[1]?.config, k });
  const scope = gpu.scope('bench');
  const shape = { batch: B, d_in: d, d_sae: F, slots: k, k_aux: 0 };
  const space = makeSpace(scope, shape, { chunkRows: B, ringSlots: 1 });
  const W_enc = new Float32Array(F * d);
  for (let f = 0; f < F; f++) for (let i = 0; i < d; i++) W_enc[f * d + i] = t.W_enc[i * F + f] as number;
  gpu.write(space.W_enc.w, W_enc);
  gpu.write(space.W_dec.w, t.W_dec);
  const one = new Float32Array(16);
  one[0] = 1;
  gpu.write(space.f32('scalars'), one);
  gpu.write(space.f32('xs'), t.x);
  gpu.write(space.f32('xc'), t.x);
  let step = 0;
  const record = (n: number): Promise<void> => {
    const rec = gpu.record('bench');
    for (let i = 0; i < n; i++) {
      step++;
      const adam = adamStep(step, { lr: ADAM.lr, beta1: ADAM.b1, beta2: ADAM.b2, eps: ADAM.eps });
      recordStep(rec, space, topk, cfg, { step, adam, deadLimit: 0, nextDeadLimit: 0, slot: 0 });
    }
    return rec.submit();
  };
  return {
    async run(n) {
      await record(n);
      // The bench waits for the GPU, as every peer does.
      return (await gpu.readF32(space.f32('ring')))[0] as number;
    },
    dispose: () => scope[Symbol.dispose](),
  };
}

export async function matmul(
  problem: MatmulProblem & { readonly a: Float32Array; readonly b: Float32Array },
): Promise<MatmulBench> {
  const { M, K, N } = problem;
  const scope = gpu.scope('bench');
  const a = scope.upload('a', [M, K], 'f32', Float32Array.from(problem.a));
  const b = scope.upload('b', [K, N], 'f32', Float32Array.from(problem.b));
  const out = scope.tensor('out', [M, N], 'f32');
  const run = async (n: number): Promise<void> => {
    const rec = gpu.record('bench');
    for (let i = 0; i < n; i++) matmulOp(rec, { layout: 'NN', a, b, out });
    await rec.submit();
    await gpu.idle();
  };
  return {
    run,
    async result() {
      await run(1);
      return await gpu.readF32(out);
    },
    dispose: () => scope[Symbol.dispose](),
  };
}

/** GPU time of each kernel of one step in microseconds, longest first; for `npm run bench` readers who ask why. */
export async function profile(bench: SaeBench): Promise<readonly { kernel: string; us: number }[]> {
  const times = await gpu.profile(async () => {
    await bench.run(1);
  });
  return [...times].sort((x, y) => y.us - x.us);
}
