import { expect, test } from 'vitest';
import { readJson } from '#io/sources.ts';
import { openEmbedded } from './embedded.ts';
import { recordedReport } from './recorded.ts';

const BASE = `${location.origin}/`;

test('every embedded SAE has a recording of the model’s own prompt, as a whole report', async () => {
  const pack = await openEmbedded({ base: BASE, pack: new Map() });
  expect(pack.saes.length).toBeGreaterThan(0);
  for (const { folder } of pack.saes) {
    const sae = (await readJson(folder, 'headlight.json'))?.['id'] as string;
    const r = await recordedReport(BASE, { input: pack.prompt, sae });
    // After packing again: npm run build && npm run record:prompt.
    expect(r, `no recording of SAE ${sae}`).toBeDefined();
    const n = r?.ids.length;
    expect([r?.pieces.length, r?.tokens.length, r?.nats.length, r?.entropy.length, r?.next.length]).toEqual([
      n,
      n,
      n,
      n,
      n,
    ]);
    expect(r?.loss).toBeGreaterThan(0);
  }
});

test('another prompt, token ids or an unknown SAE have no recording', async () => {
  const pack = await openEmbedded({ base: BASE, pack: new Map() });
  const sae = (await readJson(pack.saes[0]!.folder, 'headlight.json'))?.['id'] as string;
  expect(await recordedReport(BASE, { input: 'Something else', sae })).toBeUndefined();
  expect(await recordedReport(BASE, { input: [1, 2], sae })).toBeUndefined();
  expect(await recordedReport(BASE, { input: pack.prompt, sae: 'x'.repeat(22) })).toBeUndefined();
});
