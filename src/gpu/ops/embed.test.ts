import { expect, test } from 'vitest';
import { gatherRowsBackward, gatherRows as oracle } from '#e2e/reference/transformer.ts';
import { testGpu } from '../testing.ts';
import { expectClose, normals } from './checks.ts';
import { embedPositions, embedPositionsBackward, embedTokens, embedTokensBackward } from './embed.ts';

const gpu = await testGpu();
const [batch, seq, d, d_vocab, n_ctx] = [3, 7, 5, 11, 9];
const n = batch * seq;
// Every token of the vocabulary except 2 and 6, some once and one (10) many times.
const tokens = Uint32Array.from(
  { length: n },
  (_, i) => [10, 0, 10, 1, 3, 10, 4, 5, 7, 8, 9][i % 11] as number,
);
const positions = Uint32Array.from({ length: n }, (_, i) => i % seq);

test('rows of W_E and W_pos are copied exactly', async () => {
  using s = gpu.scope('test');
  const W_E = normals('W_E', d_vocab * d);
  const W_pos = normals('W_pos', n_ctx * d);
  const embed = s.tensor('embed', [batch, seq, d], 'f32');
  const pos_embed = s.tensor('pos_embed', [batch, seq, d], 'f32');
  const rec = gpu.record('test');
  embedTokens(rec, {
    tokens: s.upload('tokens', [batch, seq], 'u32', tokens),
    W_E: s.upload('W_E', [d_vocab, d], 'f32', W_E),
    embed,
  });
  embedPositions(rec, { W_pos: s.upload('W_pos', [n_ctx, d], 'f32', W_pos), pos_embed });
  await rec.submit();
  const exact = { rel: 0, abs: 1e-30 };
  expectClose(await gpu.readF32(embed), oracle(W_E, tokens, d), exact);
  expectClose(await gpu.readF32(pos_embed), oracle(W_pos, positions, d), exact);
});

for (const accumulate of [false, true])
  test(`gradients go back to the rows they came from, accumulate ${accumulate}`, async () => {
    using s = gpu.scope('test');
    const grad = normals('d_embed', n * d);
    const startE = normals('start E', d_vocab * d);
    const startPos = normals('start pos', n_ctx * d);
    const d_embed = s.upload('d_embed', [batch, seq, d], 'f32', grad);
    const d_W_E = s.upload('d_W_E', [d_vocab, d], 'f32', startE);
    const d_W_pos = s.upload('d_W_pos', [n_ctx, d], 'f32', startPos);
    const rec = gpu.record('test');
    embedTokensBackward(rec, {
      tokens: s.upload('tokens', [batch, seq], 'u32', tokens),
      ...{ d_embed, d_W_E, links: s.tensor('links', [n], 'u32'), accumulate },
    });
    embedPositionsBackward(rec, { d_embed, d_W_pos, accumulate });
    await rec.submit();
    const plus = (g: Float64Array, start: Float32Array) =>
      accumulate ? g.map((v, i) => v + (start[i] as number)) : g;
    const tol = { rel: 1e-6, abs: 1e-6 }; // sums of at most 7 normals
    const wantE = gatherRowsBackward(grad, tokens, { rows: d_vocab, d });
    expectClose(await gpu.readF32(d_W_E), plus(wantE, startE), tol);
    const wantPos = gatherRowsBackward(grad, positions, { rows: n_ctx, d });
    expectClose(await gpu.readF32(d_W_pos), plus(wantPos, startPos), tol);
  });

test('more positions than rows of W_pos are refused', () => {
  using s = gpu.scope('test');
  const W_pos = s.tensor('W_pos', [4, 2], 'f32');
  const pos_embed = s.tensor('pos_embed', [1, 5, 2], 'f32');
  expect(() => embedPositions(gpu.record('test'), { W_pos, pos_embed })).toThrow(/5 positions/);
});
