import type { Gpu } from '#gpu/device.ts';
import { rowChunks, rows, type Tensor } from '#gpu/tensor.ts';
import { chunkRows, decodeCode, encodePreActs, makeCode, selectCode } from '#sae/inference.ts';
import type { Sae } from '#sae/sae.ts';
import type { NdArray } from './protocol/common.ts';

/** recon [n, d_in] of rows x [n, d_in], model units. The asker of the prompt waits for the read-back. */
export async function decodeDense(gpu: Gpu, sae: Sae, x: Tensor<'f32'>): Promise<NdArray> {
  const n = x.shape[0] as number;
  const most = Math.min(n, chunkRows(gpu, sae));
  using scope = gpu.scope('decode');
  const recon = scope.tensor('recon', [n, sae.d_in], 'f32');
  const pre = scope.tensor('pre_acts', [most, sae.d_sae], 'f32');
  const xc = scope.tensor('xc', [most, sae.d_in], 'f32');
  for (const chunk of rowChunks(x, most * sae.d_in * 4)) {
    const { from, count } = chunk;
    const code = makeCode(scope, sae, count, sae.d_sae);
    const pre_acts = rows(pre, 0, count);
    const rec = gpu.record('decode');
    encodePreActs(rec, sae, { x: chunk.rows, xc: rows(xc, 0, count), pre_acts });
    selectCode(rec, sae, { pre_acts, code });
    decodeCode(rec, sae, { code, recon: rows(recon, from, count) });
    await rec.submit();
  }
  return { shape: recon.shape, data: await gpu.readF32(recon) };
}
