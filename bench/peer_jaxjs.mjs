// The packages are installed by the bench only (bench/package.json).
import * as jax from '@jax-js/jax';
import { ADAM, saeTensors } from './problem.ts';

const { numpy: np, lax, nn } = jax;
export const name = 'jax-js';

export async function init() {
  await jax.init('webgpu');
  jax.defaultDevice('webgpu');
}

const array = (data, shape) => np.array(data).reshape(shape);

export async function matmul({ M, K, N, a, b }) {
  const [A, B] = [array(a, [M, K]), array(b, [K, N])];
  return {
    async run(n) {
      let c;
      for (let i = 0; i < n; i++) {
        c?.dispose();
        c = np.matmul(A.ref, B.ref);
      }
      await c.blockUntilReady();
      c.dispose();
    },
    result: () => np.matmul(A.ref, B.ref).data(),
    dispose() {
      A.dispose();
      B.dispose();
    },
  };
}

function lossOf(B, k) {
  return (p, x) => {
    const z = np.matmul(x.ref, p.W_enc).add(p.b_enc);
    const [values, indices] = lax.topK(lax.stopGradient(z.ref), k);
    indices.dispose();
    const kept = np.where(np.greaterEqual(z.ref, values.slice([], [k - 1, k])), 1, 0);
    const acts = nn.relu(z).mul(kept);
    return np.square(np.matmul(acts, p.W_dec).add(p.b_dec).sub(x)).sum().div(B);
  };
}

const PARAMS = ['W_enc', 'b_enc', 'W_dec', 'b_dec'];

/** One jit over loss, gradient and Adam; every array is consumed exactly once. */
function stepOf(B, k) {
  const lossAndGrad = jax.valueAndGrad(lossOf(B, k));
  return jax.jit((p, m, v, t, x) => {
    const [loss, g] = lossAndGrad(jax.tree.ref(p), x);
    const correct = (beta) => np.array(1).sub(np.exp(t.ref.mul(Math.log(beta))));
    const [c1, c2] = [correct(ADAM.b1), correct(ADAM.b2)];
    const [P, M, V] = [{}, {}, {}];
    for (const q of PARAMS) {
      M[q] = m[q].mul(ADAM.b1).add(g[q].ref.mul(1 - ADAM.b1));
      V[q] = v[q].mul(ADAM.b2).add(np.square(g[q]).mul(1 - ADAM.b2));
      const move = M[q].ref.div(c1.ref).div(np.sqrt(V[q].ref.div(c2.ref)).add(ADAM.eps));
      P[q] = p[q].sub(move.mul(ADAM.lr));
    }
    c1.dispose();
    c2.dispose();
    return [loss, P, M, V, t.add(1)];
  });
}

export async function sae(problem) {
  const { B, d, F, k } = problem;
  const data = saeTensors(problem);
  const shapes = { W_enc: [d, F], b_enc: [F], W_dec: [F, d], b_dec: [d] };
  const zeros = () => Object.fromEntries(PARAMS.map((q) => [q, np.zeros(shapes[q])]));
  const x = array(data.x, [B, d]);
  const step = stepOf(B, k);
  let state = [
    Object.fromEntries(PARAMS.map((q) => [q, array(data[q], shapes[q])])),
    zeros(),
    zeros(),
    np.array(1),
  ];
  return {
    async run(n) {
      let last;
      for (let i = 0; i < n; i++) {
        last?.dispose();
        [last, ...state] = step(...state, x.ref);
      }
      return (await last.data())[0];
    },
    dispose: () => jax.tree.dispose([...state, x]),
  };
}
