import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { testGpu } from '#gpu/testing.ts';
import { adamStep } from './adam.ts';
import { adamEach, thetaGradient } from './theta_train.ts';

const gpu = await testGpu();

for (const [n, d_in, d_sae] of [
  [1, 1, 1],
  [33, 5, 67],
  [64, 8, 64],
] as const)
  for (const penalty of ['step', 'tanh'] as const)
    test(`thresholds of ${d_sae} features over ${n} tokens move by the straight-through window (${penalty})`, async () => {
      using s = gpu.scope('theta');
      const rng = makeRng(`theta ${n} ${d_sae}`);
      const d_pad = Math.ceil(d_in / 4) * 4;
      const draw = (length: number, scale: number, shift = 0): Float32Array<ArrayBuffer> =>
        Float32Array.from({ length }, () => shift + scale * rng.normal());
      const [pre, W, err] = [draw(n * d_sae, 1), draw(d_sae * d_pad, 1), draw(n * d_pad, 0.1)];
      // Some thresholds are below 0 and count as 0.
      const theta = draw(d_sae, 0.5, 0.3);
      const norm = Float32Array.from({ length: d_sae }, (_, f) =>
        Math.hypot(...W.subarray(f * d_pad, (f + 1) * d_pad)),
      );
      const window = {
        width: 0.4,
        stepWeight: penalty === 'step' ? 0.05 : 0,
        tanhWeight: penalty === 'tanh' ? 0.05 : 0,
        tanhScale: 4,
      };
      const param = {
        w: s.upload('theta', [d_sae], 'f32', theta),
        m: s.zeros('m', [d_sae], 'f32'),
        v: s.zeros('v', [d_sae], 'f32'),
      };
      const g_theta = s.tensor('g', [d_sae], 'f32');
      const row_norm = s.upload('norms', [2 * d_sae], 'f32', new Float32Array(2 * d_sae).fill(2));
      const rec = gpu.record('theta');
      thetaGradient(rec, {
        pre_acts: s.upload('pre', [n, d_sae], 'f32', pre),
        W_dec: s.upload('W', [d_sae, d_pad], 'f32', W),
        err: s.upload('err', [n, d_pad], 'f32', err),
        norm: s.upload('norm', [d_sae], 'f32', norm),
        theta: param.w,
        g_theta,
        window,
      });
      const adam = adamStep(1, { lr: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8 });
      adamEach(rec, {
        param,
        g_theta,
        scalars: s.upload('scalars', [16], 'f32', new Float32Array(16).fill(0.5)),
        row_norm,
        adam,
      });
      await rec.submit();
      const want = Float64Array.from(theta, (raw, f) => {
        const at = Math.max(raw, 0);
        let sum = 0;
        for (let t = 0; t < n; t++) {
          const a = pre[t * d_sae + f]!;
          if (Math.abs(a - at) >= window.width / 2) continue;
          let dF = 0;
          for (let c = 0; c < d_pad; c++) dF += err[t * d_pad + c]! * W[f * d_pad + c]!;
          const bend = Math.tanh(window.tanhScale * (a > at ? a : 0) * norm[f]!);
          dF += window.tanhWeight * window.tanhScale * norm[f]! * (1 - bend * bend);
          sum -= (at * dF + window.stepWeight) / window.width;
        }
        return sum;
      });
      // Sums of at most 64 terms of size 1 in f32, and WGSL's tanh.
      const got = await gpu.readF32(g_theta);
      got.forEach((v, f) => {
        expect(Math.abs(v - want[f]!), `gradient ${f}`).toBeLessThan(1e-4 * (1 + Math.abs(want[f]!)));
      });
      const moved = await gpu.readF32(param.w);
      // Adam's first step is lr against the sign of the gradient, wherever there is one.
      moved.forEach((v, f) => {
        const step = got[f] === 0 ? 0 : 0.01 * Math.sign(got[f]!);
        expect(Math.abs(v - (theta[f]! - step)), `theta ${f}`).toBeLessThan(1e-5);
      });
      const norms = await gpu.readF32(row_norm);
      norms.forEach((v, i) => {
        expect(Math.abs(v - (i < d_sae ? 2 + got[i]! ** 2 : 2))).toBeLessThan(1e-4 * (2 + v));
      });
    });
