/** One TopK step: z = x·W_enc + b_enc; acts = relu(z) on the k largest; loss = Σ(acts·W_dec + b_dec − x)² ÷ B; Adam on all four. */
export interface SaeProblem {
  readonly B: number;
  readonly d: number;
  readonly F: number;
  readonly k: number;
}
export interface MatmulProblem {
  readonly M: number;
  readonly K: number;
  readonly N: number;
}
/** What every peer module offers. `run(n)` does n steps and resolves with the last loss once the GPU is done. */
export interface SaeBench {
  run(n: number): Promise<number>;
  dispose(): void;
}
export interface MatmulBench {
  run(n: number): Promise<void>;
  /** Row-major product, for checking. */
  result(): Promise<Float32Array>;
  dispose(): void;
}
export interface Peer {
  readonly name: string;
  init(): Promise<void>;
  sae(problem: SaeProblem): Promise<SaeBench>;
  matmul(
    problem: MatmulProblem & { readonly a: Float32Array; readonly b: Float32Array },
  ): Promise<MatmulBench>;
}

export const ADAM = { lr: 1e-3, b1: 0.9, b2: 0.999, eps: 1e-8 } as const;

/** Seeded standard normals: a linear congruential generator, so that the page needs nothing of the project. */
export function normals(count: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 4294967296;
  };
  return Float32Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}

/** x [B, d]; W_dec [F, d] with unit rows; W_enc [d, F] = W_decᵀ; zero biases. The same for every peer. */
export function saeTensors({
  B,
  d,
  F,
}: SaeProblem): Record<'x' | 'W_dec' | 'W_enc' | 'b_enc' | 'b_dec', Float32Array<ArrayBuffer>> {
  const W_dec = normals(F * d, 11);
  const W_enc = new Float32Array(d * F);
  for (let f = 0; f < F; f++) {
    const row = W_dec.subarray(f * d, (f + 1) * d);
    const norm = Math.sqrt(row.reduce((sum, v) => sum + v * v, 0));
    row.forEach((v, i) => {
      row[i] = v / norm;
      W_enc[i * F + f] = v / norm;
    });
  }
  return { x: normals(B * d, 7), W_dec, W_enc, b_enc: new Float32Array(F), b_dec: new Float32Array(d) };
}
