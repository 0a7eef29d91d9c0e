// The packages are installed by the bench only (bench/package.json).
import '@tensorflow/tfjs-backend-webgpu';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import * as tf from '@tensorflow/tfjs-core';
import { ADAM, saeTensors } from './problem.ts';

export const name = `tfjs ${tf.version_core}`;

export async function init() {
  await tf.setBackend('webgpu');
  await tf.ready();
}

async function gpuIdle() {
  const backend = tf.backend();
  if (backend.commandEncoder) {
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
  await backend.device.queue.onSubmittedWorkDone();
}

export async function matmul({ M, K, N, a, b }) {
  const [A, B] = [tf.tensor2d(a, [M, K]), tf.tensor2d(b, [K, N])];
  return {
    async run(n) {
      for (let i = 0; i < n; i++) tf.matMul(A, B).dispose();
      await gpuIdle();
    },
    async result() {
      const c = tf.matMul(A, B);
      const data = await c.data();
      c.dispose();
      return data;
    },
    dispose: () => tf.dispose([A, B]),
  };
}

/** tfjs's topk has no gradient: the mask is a customGrad whose gradient is zero, as the mask is a constant. */
export async function sae(problem) {
  const { B, d, F, k } = problem;
  const t = saeTensors(problem);
  const x = tf.tensor2d(t.x, [B, d]);
  const params = {
    W_enc: tf.variable(tf.tensor2d(t.W_enc, [d, F])),
    b_enc: tf.variable(tf.tensor1d(t.b_enc)),
    W_dec: tf.variable(tf.tensor2d(t.W_dec, [F, d])),
    b_dec: tf.variable(tf.tensor1d(t.b_dec)),
  };
  const adam = tf.train.adam(ADAM.lr, ADAM.b1, ADAM.b2, ADAM.eps);
  const mask = tf.customGrad((z) => {
    const smallestKept = tf.topk(z, k).values.slice([0, k - 1], [B, 1]);
    return { value: z.greaterEqual(smallestKept).cast('float32'), gradFunc: (dy) => tf.zerosLike(dy) };
  });
  const loss = () => {
    const z = x.matMul(params.W_enc).add(params.b_enc);
    const recon = z.relu().mul(mask(z)).matMul(params.W_dec).add(params.b_dec);
    return recon.sub(x).square().sum().div(B);
  };
  return {
    async run(n) {
      let last;
      for (let i = 0; i < n; i++) {
        last?.dispose();
        last = tf.tidy(() => adam.minimize(loss, true, Object.values(params)));
      }
      const value = (await last.data())[0];
      last.dispose();
      return value;
    },
    dispose: () => tf.dispose([x, ...Object.values(params)]),
  };
}
