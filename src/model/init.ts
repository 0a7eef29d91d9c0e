import { makeRng } from '#base/rng.ts';

/** Sizes of a GPT-2 model. */
export interface Sizes {
  readonly n_layer: number;
  readonly n_embd: number;
  readonly n_head: number;
  readonly n_positions: number;
  readonly vocab_size: number;
}

/** A named f32 array. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/**
 * Initial weights with Hugging Face names, Conv1D as (in, out).
 *
 * Each tensor has its own stream makeRng(seed).fork('init/' + name), read row-major with normal():
 * wte std .02; block matrices std .08, the two output matrices .08 ÷ sqrt(2 n_layer); wpe is the sinusoid table
 * times .05 (sin in even columns, cos in odd); LayerNorm 1 and 0; biases 0. Rounded to f32 once.
 */
export function initWeights(seed: string, sizes: Sizes): NamedTensor[] {
  const rng = makeRng(seed);
  const { n_layer, n_embd: d, n_positions, vocab_size } = sizes;
  const normal = (name: string, shape: readonly number[], std: number): NamedTensor => {
    const stream = rng.fork(`init/${name}`);
    return { name, shape, data: Float32Array.from({ length: size(shape) }, () => std * stream.normal()) };
  };
  const constant = (name: string, length: number, value: number): NamedTensor => ({
    name,
    shape: [length],
    data: new Float32Array(length).fill(value),
  });
  const norm = (name: string): NamedTensor[] => [
    constant(`${name}.weight`, d, 1),
    constant(`${name}.bias`, d, 0),
  ];
  const linear = (name: string, inner: number, outer: number, std: number): NamedTensor[] => [
    normal(`${name}.weight`, [inner, outer], std),
    constant(`${name}.bias`, outer, 0),
  ];
  const out = 0.08 / Math.sqrt(2 * n_layer);
  const blocks = Array.from({ length: n_layer }, (_, i) => {
    const h = `transformer.h.${i}`;
    return [
      ...norm(`${h}.ln_1`),
      ...linear(`${h}.attn.c_attn`, d, 3 * d, 0.08),
      ...linear(`${h}.attn.c_proj`, d, d, out),
      ...norm(`${h}.ln_2`),
      ...linear(`${h}.mlp.c_fc`, d, 4 * d, 0.08),
      ...linear(`${h}.mlp.c_proj`, 4 * d, d, out),
    ];
  });
  return [
    normal('transformer.wte.weight', [vocab_size, d], 0.02),
    { name: 'transformer.wpe.weight', shape: [n_positions, d], data: sinusoids(n_positions, d) },
    ...blocks.flat(),
    ...norm('transformer.ln_f'),
  ];
}

function sinusoids(positions: number, d: number): Float32Array {
  return Float32Array.from({ length: positions * d }, (_, i) => {
    const angle = Math.floor(i / d) / 10000 ** ((2 * Math.floor((i % d) / 2)) / d);
    return 0.05 * (i % 2 ? Math.cos(angle) : Math.sin(angle));
  });
}

function size(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
