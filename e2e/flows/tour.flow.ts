import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import type { Dfa } from '#engine/protocol/prompts.ts';
import { encodeView } from '#share/codec.ts';
import { type FeatureStop, TOUR, type TourSight, type TourStop } from '#ui/tour/stops.ts';
import { stopView } from '#ui/tour/tour_links.ts';
import { copiedLink, expect, featureRows, open, panel, SITE_PATH, test, tokens } from './support.ts';

const SCREENS = 'test-results/screens';
const tour = (page: Page) => page.getByRole('complementary', { name: 'Guided tour' });

/** The stop's own link, as the pack of this build has it. */
async function hashOf(page: Page, stop: TourStop): Promise<string> {
  const saes = await page.evaluate(() => window.headlight.saes());
  const view = stopView(stop, saes);
  if (!view) throw new Error(`stop ${stop.id}: the pack has no SAE of its layer`);
  return encodeView(view).hash;
}

/** Sight for sight: what the scripting API says of it. */
async function measured(page: Page, sight: TourSight, sae: string) {
  return page.evaluate(
    async ({ sight: s, sae: id }) => {
      const { pieces, tokens: coded } = await window.headlight.encode(s.prompt, { sae: id });
      const act = coded[s.token.position]?.features.find((f) => f.feature === s.feature)?.act ?? 0;
      const dest = s.token.position;
      const dfa = await window.headlight.attribute(s.prompt, { sae: id, feature: s.feature, dest });
      const { density, nTokens, topLogits } = await window.headlight.feature({ sae: id, feature: s.feature });
      return { pieces, act, dfa, density, nTokens, promoted: topLogits.map((t) => t.piece) };
    },
    { sight, sae },
  );
}

/** Largest positive source of the DFA, of one head or summed over heads; and the head with the largest Σ|cells|. */
function strongest(dfa: Dfa, head: number | undefined): { readonly source: number; readonly head: number } {
  const [n_heads = 0, seq = 0] = dfa.byHeadAndSource.shape;
  const cell = (k: number, s: number) => dfa.byHeadAndSource.data[k * seq + s] as number;
  const heads = Array.from({ length: n_heads }, (_, k) => k);
  const sources = Array.from({ length: seq }, (_, s) => s);
  const largest = (list: readonly number[], value: (i: number) => number) =>
    list.reduce((best, i) => (value(i) > value(best) ? i : best));
  const bySource = (s: number) =>
    head === undefined ? heads.reduce((sum, k) => sum + cell(k, s), 0) : cell(head, s);
  const byHead = (k: number) => sources.reduce((sum, s) => sum + Math.abs(cell(k, s)), 0);
  return { source: largest(sources, bySource), head: largest(heads, byHead) };
}

/** Everything that the data promises of one feature on one token. */
async function checkSight(page: Page, sight: TourSight, what: string): Promise<void> {
  const sae = await page.evaluate(
    async (site) =>
      (await window.headlight.saes()).find((s) => s.source === 'embedded' && s.site === site)?.id,
    `blocks.${sight.layer}.attn.hook_z`,
  );
  expect(sae, `${what}: an SAE of layer ${sight.layer}`).toBeDefined();
  const m = await measured(page, sight, sae as string);
  expect(m.pieces[sight.token.position], `${what}: the promised token`).toBe(sight.token.text);
  if (sight.atMost !== undefined) {
    expect(Math.round(m.density * m.nTokens), `${what}: firings on ${m.nTokens} tokens`).toBe(sight.atMost);
    expect(m.act, `${what}: does not fire here`).toBe(0);
    return;
  }
  expect(m.act, `${what}: feature ${sight.feature} fires`).toBeGreaterThan(0.2);
  const found = strongest(m.dfa, sight.head);
  if (sight.head !== undefined) expect(found.head, `${what}: the head`).toBe(sight.head);
  if (sight.source) {
    expect(m.pieces[sight.source.position], `${what}: the text of the source`).toBe(sight.source.text);
    expect(found.source, `${what}: the source of the largest attribution`).toBe(sight.source.position);
  }
  if (sight.promotes) expect(m.promoted, `${what}: promotes`).toContain(sight.promotes);
}

/** What a person sees on a stop at a feature. */
async function checkFeatureView(page: Page, stop: FeatureStop): Promise<void> {
  await expect(page.getByRole('heading', { level: 1, name: `feature ${stop.feature}` })).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Test text' })).toHaveValue(stop.prompt);
  const chosen = page.getByRole('listbox', { name: 'Acts of the feature' }).getByRole('option');
  await expect(chosen.nth(stop.token.position)).toHaveAttribute('aria-selected', 'true');
  const dfa = panel(page, 'Direct feature attribution');
  await expect(dfa.locator('[aria-busy]')).toHaveAttribute('aria-busy', 'false');
  if (stop.atMost === undefined) await expect(dfa).toContainText(/act \d/);
  const look = page.locator(`[data-anchor="${stop.look}"]`);
  await expect(look).toBeInViewport();
}

test('every stop keeps its promise: the feature, the token, the source and the head', async ({ page }) => {
  await open(page);
  for (const stop of TOUR) {
    await open(page, await hashOf(page, stop));
    await expect(tour(page).getByRole('heading', { level: 2 })).toHaveText(stop.title);
    await expect(tour(page).getByText(/This is another view/)).toHaveCount(0);
    if (stop.view === 'train') {
      await expect(page.getByRole('button', { name: 'Start training' })).toBeEnabled();
      for (const [, name = '', value = ''] of stop.job.matchAll(/(\w+):([^,]+)/g)) {
        const field = name === 'site' ? page.getByRole('combobox', { name: 'hook' }) : undefined;
        await expect(field ?? page.getByRole('textbox', { name, exact: true })).toHaveValue(value);
      }
      continue;
    }
    await checkFeatureView(page, stop);
    for (const [i, sight] of [stop, ...(stop.also ?? [])].entries())
      await checkSight(page, sight, `${stop.id} ${i}`);
  }
});

test('the tour is walked by links and keys, goes back with the browser and closes where one is', async ({
  page,
}) => {
  const [first, second] = TOUR as readonly [TourStop, TourStop, ...TourStop[]];
  const heading = tour(page).getByRole('heading', { level: 2 });
  await open(page);
  const welcome = page.getByRole('complementary', { name: 'Welcome' });
  await welcome.getByRole('link', { name: 'Take the tour' }).click();
  await expect(heading).toHaveText(first.title);
  await expect(tour(page)).toContainText(`1 of ${TOUR.length}`);
  await tour(page).getByRole('link', { name: /Next/ }).click();
  await expect(heading).toHaveText(second.title);
  await expect(tour(page)).toContainText(`2 of ${TOUR.length}`);
  await page.goBack();
  await expect(heading).toHaveText(first.title);
  await page.locator('main').focus();
  await page.keyboard.press('n');
  await expect(heading).toHaveText(second.title);
  await page.keyboard.press('p');
  await expect(heading).toHaveText(first.title);
  await expect(tour(page).locator('[aria-current="step"]')).toHaveText(first.title);
  expect(await copiedLink(page)).toContain(await hashOf(page, first));

  // Off the stop the tour says so and leads back.
  await page.getByRole('button', { name: 'Next feature' }).click();
  await tour(page).getByRole('link', { name: 'Back to the stop' }).click();
  await expect(tour(page).getByText(/This is another view/)).toHaveCount(0);

  const before = new URL(page.url()).hash;
  await tour(page).getByRole('button', { name: 'Close the tour' }).click();
  await expect(tour(page)).toHaveCount(0);
  await expect
    .poll(() => new URL(page.url()).hash)
    .toBe(before.replace(/&?tour=[a-z-]+/, '').replace('?&', '?'));
  await page.getByRole('button', { name: 'Tour', exact: true }).click();
  await expect(heading).toHaveText(first.title);
});

test('the welcome strip stays dismissed, and is not in the way of a shared view', async ({ page }) => {
  await open(page, '#/v1/features');
  const welcome = page.getByRole('complementary', { name: 'Welcome' });
  await expect(page.getByRole('listbox', { name: 'Features' })).toBeVisible();
  await expect(welcome).toHaveCount(0);
  await open(page);
  await welcome.getByRole('button', { name: 'Not now' }).click();
  await expect(welcome).toHaveCount(0);
  await page.reload();
  await expect(featureRows(page).first()).toBeVisible();
  await expect(tokens(page).first()).toBeVisible();
  await expect(welcome).toHaveCount(0);
  expect(page.url()).toContain(SITE_PATH);
});

test('axe finds nothing on any stop, light and dark, wide and narrow', async ({ page }) => {
  await open(page);
  for (const stop of TOUR) {
    await page.evaluate((hash) => window.headlight.open(hash), await hashOf(page, stop));
    await expect(tour(page).getByRole('heading', { level: 2 })).toHaveText(stop.title);
    if (stop.view === 'feature') await checkFeatureView(page, stop);
    for (const theme of ['light', 'dark'] as const) {
      await page.getByRole('combobox', { name: 'Theme' }).selectOption(theme);
      await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
      for (const width of [1280, 640]) {
        await page.setViewportSize({ width, height: 900 });
        // The views have their own test (a11y.flow.ts); with the tour beside them one of each kind is looked at whole.
        const part = stop === TOUR[0] || stop.view === 'train' ? 'html' : '.tour';
        const { violations } = await new AxeBuilder({ page }).include(part).analyze();
        const said = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join('; ')}`);
        expect.soft(said, `${stop.id} ${theme} ${width}`).toEqual([]);
        const overflow = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect.soft(overflow, `${stop.id} at ${width} px scrolls sideways`).toBeLessThanOrEqual(0);
        await page.screenshot({ path: `${SCREENS}/tour_${stop.id}_${theme}_${width}.png` });
      }
      await page.setViewportSize({ width: 1280, height: 900 });
    }
  }
});
