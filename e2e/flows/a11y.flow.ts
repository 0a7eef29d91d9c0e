import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { type FeatureCard, packCard } from '#share/card.ts';
import { encodeView } from '#share/codec.ts';
import { aFeature, expect, featureRows, open, panel, promptBox, test, tokens } from './support.ts';

const PROMPT = 'When Mary and John went to the store, John gave a drink to';
const SCREENS = 'test-results/screens';
const WIDTHS = [1280, 640] as const;
const THEMES = ['light', 'dark'] as const;

const CARD: FeatureCard = {
  kind: 'feature',
  sae: {
    id: 'nobodyHasThisSaeOnADevice',
    title: 'somebody else’s SAE',
    model: 'embedded',
    site: 'blocks.1.attn.hook_z',
    d_sae: 512,
  },
  feature: 42,
  density: 0.0123,
  maxAct: 3.5,
  nTokens: 20_000,
  examples: [
    { pieces: ['Once', ' upon', ' a', ' time', '\n'], acts: [0, 0.4, 3.5, 1, 0], at: 2 },
    { pieces: [' in', ' a', ' house'], acts: [0, 2.1, 0.2], at: 1 },
  ],
  topLogits: [{ piece: ' ball', effect: 0.4 }],
  bottomLogits: [{ piece: ' key', effect: -0.3 }],
  headShare: [0.25, 0.35, 0.1, 0.3],
};

interface Shown {
  readonly name: string;
  readonly hash: (page: Page) => Promise<string> | string;
  /** What is there when the view has everything it shows. */
  readonly settled: (page: Page) => Promise<void>;
}
const VIEWS: readonly Shown[] = [
  {
    name: 'load',
    hash: () => '#/v1/load',
    settled: async (page) => {
      await expect(panel(page, 'Storage')).toContainText('used of');
      await expect(panel(page, 'Adapter')).toContainText('software');
      await expect(panel(page, 'SAEs').getByText('in use')).toBeVisible();
    },
  },
  {
    name: 'prompt',
    hash: () => encodeView({ kind: 'prompt', prompt: PROMPT, position: 5 }).hash,
    settled: async (page) => {
      await expect(featureRows(page).first()).toBeVisible();
      await expect(featureRows(page).first()).toContainText('%'); // the densities of the table
    },
  },
  {
    name: 'prompt_edit',
    hash: async (page) => {
      const { feature } = await aFeature(page, PROMPT);
      return encodeView({ kind: 'prompt', prompt: PROMPT, feature, panel: 'edit', edit: 'scale:0' }).hash;
    },
    settled: async (page) => {
      await expect(panel(page, 'Steer').getByText('edited', { exact: true }).first()).toBeVisible();
    },
  },
  {
    name: 'prompt_patterns',
    hash: () => encodeView({ kind: 'prompt', prompt: PROMPT, panel: 'patterns' }).hash,
    settled: async (page) => {
      await expect(panel(page, 'Attention patterns').getByRole('table')).toBeVisible();
    },
  },
  {
    name: 'feature',
    hash: async (page) =>
      encodeView({ kind: 'feature', ...(await aFeature(page, PROMPT)), prompt: PROMPT }).hash,
    settled: async (page) => {
      await expect(page.locator('.dfa-sum')).toBeVisible();
      await expect(panel(page, 'Top activations').locator('li').first()).toBeVisible();
    },
  },
  {
    name: 'features',
    hash: () => '#/v1/features',
    settled: async (page) => {
      await expect(page.getByRole('listbox', { name: 'Features' }).getByRole('option').first()).toBeVisible();
    },
  },
  {
    name: 'train',
    hash: () => '#/v1/train',
    settled: async (page) => {
      await expect(page.getByRole('button', { name: 'Start training' })).toBeEnabled();
    },
  },
  {
    name: 'card',
    hash: async () =>
      encodeView({ kind: 'feature', feature: 42, sae: CARD.sae.id, card: await packCard(CARD) }).hash,
    settled: async (page) => {
      await expect(page.getByRole('heading', { name: 'Feature 42 (card, read-only)' })).toBeVisible();
    },
  },
];

for (const view of VIEWS)
  test(`axe finds nothing on the ${view.name} view, light and dark, wide and narrow`, async ({ page }) => {
    await open(page);
    await page.waitForFunction(() => window.headlight.saes().then((s) => s.length > 0));
    const hash = await view.hash(page);
    await page.evaluate((link) => window.headlight.open(link), hash);
    for (const theme of THEMES) {
      await page.getByRole('combobox', { name: 'Theme' }).selectOption(theme);
      await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        await view.settled(page);
        const { violations } = await new AxeBuilder({ page }).analyze();
        const said = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join('; ')}`);
        expect.soft(said, `${view.name} ${theme} ${width}`).toEqual([]);
        const overflow = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect.soft(overflow, `${view.name} at ${width} px scrolls sideways`).toBeLessThanOrEqual(0);
        await page.screenshot({ path: `${SCREENS}/${view.name}_${theme}_${width}.png`, fullPage: true });
      }
    }
  });

test('a feature is reached by keyboard alone: prompt, strip, arrows, list, Enter', async ({ page }) => {
  await open(page, encodeView({ kind: 'prompt', prompt: PROMPT }).hash);
  await expect(featureRows(page).first()).toBeVisible();
  await promptBox(page).focus();
  const focused = (css: string) =>
    page.evaluate((selector) => document.activeElement?.matches(selector) === true, css);
  const tabTo = async (css: string) => {
    for (let i = 0; i < 40 && !(await focused(css)); i++) await page.keyboard.press('Tab');
    expect(await focused(css), `Tab reaches ${css}`).toBe(true);
  };
  await tabTo('[role="option"]');
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await expect(tokens(page).nth(2)).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: /features at token 2/ })).toBeVisible();
  await expect(tokens(page).nth(2)).toHaveAttribute('aria-selected', 'true');
  // The strip is one tab stop: the next one is not a token.
  await page.keyboard.press('Tab');
  expect(await focused('[role="option"]')).toBe(false);
  await tabTo('.feature-rows a');
  const feature = await page.evaluate(() => document.activeElement?.textContent);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: `feature ${feature}` })).toBeVisible();
});
