import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { makeRng } from '#base/rng.ts';
import type { TruthTable } from '#engine/protocol/metrics.ts';
import { writeSaeLens } from '#sae/formats/saelens.ts';
import {
  expect,
  featureRows,
  figure,
  fillTrainForm,
  open,
  panel,
  startButton,
  stat,
  storedSae,
  test,
} from './support.ts';

/** What the API says of the first SAE: its id, its best-tracking feature, and that feature's figures. */
async function bestTracked(page: Page) {
  return page.evaluate(async () => {
    const [sae] = await window.headlight.saes();
    const table: TruthTable = await window.headlight.truth({ sae: sae!.id });
    const f1 = [...table.f1].map((v) => (Number.isNaN(v) ? -1 : v));
    const feature = f1.indexOf(Math.max(...f1));
    const [precision = 0, recall = 0, baseline = 0] = [table.precision, table.recall, table.baseline].map(
      (column) => column[feature],
    );
    const facts = [...(table.facts[feature] ?? [])];
    const { nTokens, nChosen } = table;
    return { sae: sae!, feature, facts, f1: f1[feature] ?? 0, precision, recall, baseline, nTokens, nChosen };
  });
}

test('the features table says what features track, sorts by it and filters by its words', async ({
  page,
}) => {
  await open(page, '#/v1/features');
  const best = await bestTracked(page);
  figure('best tracked', `${best.facts.join(' and ')}, F1 ${best.f1.toFixed(2)}, on ${best.nTokens} tokens`);
  await page.getByRole('button', { name: 'sort by tracks' }).click();
  const rows = page.getByRole('listbox', { name: 'Features' }).getByRole('option');
  await expect(rows.first().locator('.tracks-cell .num')).toHaveText(best.f1.toFixed(2));
  const words = (await rows.first().locator('.tracks-cell .words').textContent()) ?? '';
  expect(words.length).toBeGreaterThan(5);
  await page.getByRole('textbox', { name: 'tracks' }).fill(words);
  await expect(page).toHaveURL(/[?&]w=/);
  const shown = await rows.locator('.tracks-cell .words').allTextContents();
  expect(shown.length).toBeGreaterThan(0);
  for (const cell of shown) expect(cell.toLowerCase()).toContain(words.toLowerCase());
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(page).not.toHaveURL(/[?&]w=/);
});

test('a feature page shows what the feature tracks, with the figures of the API', async ({ page }) => {
  await open(page);
  const best = await bestTracked(page);
  await open(page, `#/v1/feature?f=${best.feature}&s=${best.sae.id}`);
  const tracks = panel(page, 'What it tracks');
  await expect(tracks).toBeVisible();
  await expect(stat(page, 'F1')).toHaveText(best.f1.toFixed(2));
  const percent = async (label: string) => Number.parseFloat((await stat(page, label).textContent()) ?? '');
  // The page rounds to one decimal of a per cent at least.
  expect(await percent('precision')).toBeCloseTo(100 * best.precision, 0);
  expect(await percent('recall')).toBeCloseTo(100 * best.recall, 0);
  expect(await percent('baseline')).toBeCloseTo(100 * best.baseline, 0);
  await expect(stat(page, 'chosen, measured on')).toContainText(best.nTokens.toLocaleString('en-GB'));
  await tracks.getByRole('button', { name: 'Help: baseline' }).click();
  await expect(page.getByText('the precision of a feature that always fires').first()).toBeVisible();
});

test('an SAE trained here is measured when somebody asks, and the table stays', async ({ page }) => {
  test.setTimeout(300_000);
  await open(page, '#/v1/train');
  await fillTrainForm(page);
  await startButton(page).click();
  const id = await storedSae(page);
  await open(page, `#/v1/feature?f=0&s=${id}`);
  const tracks = panel(page, 'What it tracks');
  await tracks.getByRole('button', { name: 'Measure on fresh Storyland text' }).click();
  await expect(stat(page, 'chosen, measured on').or(tracks.getByText('too few to say'))).toBeVisible({
    timeout: 120_000,
  });
  const again = await page.evaluate(async (sae) => {
    const { nTokens, nChosen, facts } = await window.headlight.truth({ sae });
    return { tokens: nTokens + nChosen, facts: facts.length };
  }, id);
  expect(again.tokens).toBeGreaterThan(5000);
  expect(again.facts).toBe(64);
  await open(page, `#/v1/features?s=${id}`);
  await page.reload();
  await expect
    .poll(() =>
      page.evaluate(async (sae) => (await window.headlight.saes()).find((s) => s.id === sae)?.hasTruth, id),
    )
    .toBe(true);
});

test('a model of other text is refused with one sentence, and its feature page stays quiet', async ({
  page,
}) => {
  const folder = 'e2e/golden/gpt2_tiny_tied';
  const model = ['config.json', 'model.safetensors'].map(
    (n) => [n, [...readFileSync(`${folder}/${n}`)]] as const,
  );
  const site = 'blocks.0.attn.hook_z';
  const [d_in, d_sae] = [30, 4];
  const rng = makeRng('other text');
  const values = (n: number) => Float32Array.from({ length: n }, () => rng.normal());
  const weights = writeSaeLens(
    {
      ...{ d_in, d_sae, actRule: { kind: 'topk', k: 2 }, applyBDecToInput: true },
      ...{
        W_enc: values(d_in * d_sae),
        W_dec: values(d_in * d_sae),
        b_enc: values(d_sae),
        b_dec: values(d_in),
      },
    },
    { id: 'any', title: 'any', model: 'other', site, variant: 'topk', excludedPositions: [0] },
    { modelName: 'other' },
  );
  const sae = Object.entries(weights).map(([n, bytes]) => [n, [...bytes]] as const);
  await open(page);
  // The page loads its own model first; a script that loads another one meanwhile would be overtaken.
  await expect(featureRows(page).first()).toBeVisible();
  const [info, error] = await page.evaluate(
    async ([modelFiles, saeFiles]) => {
      const blobs = (files: readonly (readonly [string, readonly number[]])[]) =>
        files.map(([name, bytes]) => ({ name, blob: new Blob([Uint8Array.from(bytes)]) }));
      await window.headlight.loadModel(blobs(modelFiles));
      const loaded = await window.headlight.loadSae(blobs(saeFiles));
      const refusal = await window.headlight.truth({ sae: loaded.id }).then(String, (e: unknown) => e);
      const { code, message } = refusal as { readonly code: string; readonly message: string };
      return [loaded, { code, message }] as const;
    },
    [model, sae] as const,
  );
  expect(error.message).toContain('The truth lens needs a model of Storyland');
  expect(error.code).toBe('unsupported-model');
  await page.evaluate((place) => window.headlight.open({ kind: 'feature', feature: 1, ...place }), {
    model: info.model,
    sae: info.id,
  });
  await expect(page.getByRole('heading', { name: 'feature 1' })).toBeVisible();
  await expect(panel(page, 'What it tracks')).toHaveCount(0);
});
