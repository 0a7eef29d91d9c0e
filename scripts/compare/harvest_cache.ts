import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Gpu } from '#gpu/device.ts';
import { view } from '#gpu/tensor.ts';
import type { ActivationSource } from '#sae/sae.ts';

/** Rows of a layer in training order; g when the source had gradients. */
export interface CachedRows {
  readonly d_in: number;
  readonly x: Float32Array<ArrayBuffer>;
  readonly g?: Float32Array<ArrayBuffer> | undefined;
}

const CHUNK = 1024;

/** Reads the rows of a file, or takes them from `source` once and writes the file. */
export async function cachedRows(
  gpu: Gpu,
  file: string,
  rows: number,
  source: () => ActivationSource & Disposable,
): Promise<CachedRows> {
  using from = source();
  const { d_in } = from;
  const read = (name: string): Float32Array<ArrayBuffer> => {
    const bytes = readFileSync(name);
    return new Float32Array(
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer,
    );
  };
  const gFile = file.replace('.f32', '.g.f32');
  if (existsSync(file) && (!from.hasGradient || existsSync(gFile)))
    return { d_in, x: read(file), ...(from.hasGradient && { g: read(gFile) }) };
  const x = new Float32Array(rows * d_in);
  const g = from.hasGradient ? new Float32Array(rows * d_in) : undefined;
  const never = new AbortController().signal;
  for (let at = 0; at < rows; at += CHUNK) {
    const n = Math.min(CHUNK, rows - at);
    const next = await from.next(n, never);
    if (!next) throw new Error(`compare: the harvest ended after ${at} of ${rows} rows`);
    x.set(await gpu.readF32(next.x), at * d_in);
    if (g && next.g) g.set(await gpu.readF32(next.g), at * d_in);
  }
  mkdirSync(dirname(file), { recursive: true });
  for (const [name, data] of [[file, x], ...(g ? [[gFile, g]] : [])] as [string, Float32Array][]) {
    writeFileSync(`${name}.part`, new Uint8Array(data.buffer));
    renameSync(`${name}.part`, name);
  }
  return { d_in, x, g };
}

/** A source over cached rows that begins at row `from` and goes round; every variant of a seed gets the same rows. */
export function cachedSource(gpu: Gpu, rows: CachedRows, from: number): ActivationSource & Disposable {
  const scope = gpu.scope('compare/rows');
  const { d_in } = rows;
  const total = rows.x.length / d_in;
  let at = from;
  let most = 0;
  let x = scope.tensor('x', [1, d_in], 'f32');
  let g = scope.tensor('g', [1, d_in], 'f32');
  const part = (data: Float32Array<ArrayBuffer>, n: number): Float32Array<ArrayBuffer> => {
    const out = new Float32Array(n * d_in);
    for (let done = 0; done < n; ) {
      const row = (at + done) % total;
      const take = Math.min(n - done, total - row);
      out.set(data.subarray(row * d_in, (row + take) * d_in), done * d_in);
      done += take;
    }
    return out;
  };
  return {
    d_in,
    hasGradient: rows.g !== undefined,
    get position() {
      return { block: 0, row: at };
    },
    async next(n) {
      if (n > most) {
        most = n;
        x = scope.tensor('x', [n, d_in], 'f32');
        if (rows.g) g = scope.tensor('g', [n, d_in], 'f32');
      }
      const shape = [n, d_in];
      const [xs, gs] = [view(x, { shape }), rows.g ? view(g, { shape }) : undefined];
      gpu.write(xs, part(rows.x, n));
      if (gs && rows.g) gpu.write(gs, part(rows.g, n));
      at += n;
      return { x: xs, ...(gs && { g: gs }) };
    },
    [Symbol.dispose]: () => scope[Symbol.dispose](),
  };
}
