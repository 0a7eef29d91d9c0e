import type { Page } from '@playwright/test';
import { type FeatureCard, type PromptCard, packCard } from '#share/card.ts';
import { encodeView } from '#share/codec.ts';
import {
  aFeature,
  copiedLink,
  expect,
  featureRows,
  open,
  panel,
  promptBox,
  test,
  tokens,
  typePrompt,
  watchErrors,
} from './support.ts';

const PROMPT = 'Anna lost her <b>key</b> & Tom found it; "thank you"';
/** A link as version 1 writes it. Links that were given out stay readable, so this text never changes. */
const FROZEN_V1 = '#/v1/prompt?p=The+red+ball+rolled.+The+red&panel=next&sort=density&t=3';

const SAE = {
  id: 'nobodyHasThisSaeOnADevice',
  title: 'somebody else’s SAE',
  model: 'embedded',
  site: 'blocks.1.attn.hook_z',
  d_sae: 512,
};
const FEATURE_CARD: FeatureCard = {
  kind: 'feature',
  sae: SAE,
  feature: 42,
  density: 0.0123,
  maxAct: 3.5,
  nTokens: 20_000,
  examples: [{ pieces: [' the', ' <img src=x onerror=alert(1)>', '\n'], acts: [0, 3.5, 1], at: 1 }],
  topLogits: [{ piece: ' ball', effect: 0.4 }],
  bottomLogits: [{ piece: '</td><script>alert(2)</script>', effect: -0.3 }],
  headShare: [0.25, 0.75],
};
const PROMPT_CARD: PromptCard = {
  kind: 'prompt',
  sae: SAE,
  pieces: ['Once', ' upon', ' a'],
  tokens: [[{ feature: 3, act: 1.25 }], [], [{ feature: 7, act: 0.5 }]],
};

test('a copied prompt link shows the same prompt, token and order in a fresh profile', async ({
  page,
  browser,
  pageErrors,
}) => {
  await open(page);
  await typePrompt(page, PROMPT);
  await tokens(page).nth(3).click();
  await page.getByRole('button', { name: 'index', exact: true }).click();
  const shown = await featureRows(page).allTextContents();
  const link = await copiedLink(page);

  const context = await browser.newContext();
  const other = await context.newPage();
  watchErrors(other, pageErrors);
  await other.goto(link);
  await expect(promptBox(other)).toHaveValue(PROMPT);
  await expect(other.getByRole('heading', { name: /features at token 3/ })).toBeVisible();
  await expect(featureRows(other)).toHaveCount(shown.length);
  expect(await featureRows(other).allTextContents()).toEqual(shown);
  await context.close();
});

test('a copied feature link shows the same feature, text and attribution in a fresh profile', async ({
  page,
  browser,
  pageErrors,
}) => {
  await open(page);
  const at = await aFeature(page, PROMPT);
  await open(page, encodeView({ kind: 'feature', ...at, prompt: PROMPT }).hash);
  const sum = (p: Page) => panel(p, 'Direct feature attribution').locator('.dfa-sum dd');
  await expect(sum(page).first()).toBeVisible();
  const shown = await sum(page).allTextContents();
  const link = await copiedLink(page);

  const context = await browser.newContext();
  const other = await context.newPage();
  watchErrors(other, pageErrors);
  await other.goto(link);
  await expect(other.getByRole('heading', { level: 1, name: `feature ${at.feature}` })).toBeVisible();
  await expect(sum(other).first()).toBeVisible();
  expect(await sum(other).allTextContents()).toEqual(shown);
  await context.close();
});

test('the frozen version 1 link still opens its view', async ({ page }) => {
  await open(page, FROZEN_V1);
  await expect(promptBox(page)).toHaveValue('The red ball rolled. The red');
  await expect(page.getByRole('heading', { name: /features at token 3/ })).toBeVisible();
  await expect(page.getByRole('button', { name: 'density', exact: true })).toHaveAttribute(
    'aria-pressed',
    'true',
  );
});

test('a link to a feature of an SAE that is not here shows its card, read-only, and says why', async ({
  page,
}) => {
  const card = await packCard(FEATURE_CARD);
  await open(page, encodeView({ kind: 'feature', feature: 42, sae: SAE.id, card }).hash);
  await expect(page.getByRole('heading', { name: 'This SAE is not on this device' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Feature 42 (card, read-only)' })).toBeVisible();
  await expect(page.getByText('<img src=x onerror=alert(1)>')).toBeVisible();
  await expect(page.getByText('</td><script>alert(2)</script>')).toBeVisible();
  expect(await page.locator('#root img, #root script').count()).toBe(0);
  await page.getByRole('main').getByRole('link', { name: 'Prompt' }).click();
  await expect(featureRows(page).first()).toBeVisible();
});

test('a link to a prompt on an SAE that is not here shows the tokens and their features', async ({
  page,
}) => {
  const card = await packCard(PROMPT_CARD);
  await open(page, encodeView({ kind: 'prompt', prompt: 'Once upon a', sae: SAE.id, card }).hash);
  await expect(page.getByRole('heading', { name: 'Prompt (card, read-only)' })).toBeVisible();
  await expect(page.getByRole('row', { name: /upon/ })).toContainText('–');
  await expect(page.getByRole('row', { name: /Once/ })).toContainText('3 (1.25');
});

/** Links that cannot be opened, and a part of the one sentence that says so. */
const BAD_LINKS: readonly (readonly [what: string, hash: string, sentence: RegExp])[] = [
  ['garbage', '#/%%%/not a link', /not a Headlight link/],
  ['a truncated feature link', '#/v1/feature?p=abc', /does not say which one/],
  ['a truncated escape', '#/v1/prompt?p=abc%E2%8', /damaged/],
  ['a future version', '#/v9/prompt?p=abc', /newer Headlight \(link version 9\)/],
  ['an unknown view', '#/v1/circuit?f=1', /unknown view/],
  ['a prototype key as view', '#/v1/constructor?p=abc', /unknown view/],
  ['a script as source', '#/v1/feature?f=1&u=javascript:alert(1)', /damaged: its source/],
  ['a negative feature', '#/v1/feature?f=-1', /damaged: its feature/],
  ['an oversized link', `#/v1/prompt?p=${'a'.repeat(250_000)}`, /more than the 200000/],
  ['more fields than a view has', `#/v1/prompt?${'x=1&'.repeat(100)}`, /fields, more than/],
];
for (const [what, hash, sentence] of BAD_LINKS)
  test(`a link that is ${what} gives one sentence and a working page`, async ({ page }) => {
    await open(page, hash);
    const alert = page.getByRole('alert');
    await expect(alert).toHaveCount(1);
    await expect(alert).toContainText(sentence);
    await alert.getByRole('button', { name: 'Dismiss' }).click();
    await expect(alert).toHaveCount(0);
    await expect(promptBox(page)).toBeVisible();
    await expect(tokens(page).first()).toBeVisible();
  });

test('prototype keys and scripts in a link stay text', async ({ page }) => {
  const script = '<script>globalThis.pwned=1</script><img src=x onerror="globalThis.pwned=1">';
  await open(page, `#/v1/prompt?p=${encodeURIComponent(script)}&__proto__=1&constructor=2&toString=3`);
  await expect(promptBox(page)).toHaveValue(script);
  await expect(tokens(page).nth(2)).toBeVisible();
  expect(await page.evaluate(() => 'pwned' in globalThis || '1' in Object.prototype)).toBe(false);
  expect(await page.locator('#root img, #root script').count()).toBe(0);
});

test('a card that is damaged, cut off or a bomb gives one sentence', async ({ page }) => {
  const good = await packCard(FEATURE_CARD);
  const bomb = await packCard({ ...PROMPT_CARD, pieces: ['x'.repeat(300_000)], tokens: [[]] });
  const cases: readonly (readonly [string, RegExp])[] = [
    [good.slice(0, good.length / 2), /damaged or cut off/],
    [bomb, /more than 256 kB/],
    ['AAAA', /damaged/],
  ];
  for (const [card, sentence] of cases) {
    await open(page, encodeView({ kind: 'feature', feature: 42, sae: SAE.id, card }).hash);
    await expect(page.getByRole('heading', { name: 'This SAE is not on this device' })).toBeVisible();
    await expect(page.getByRole('alert')).toContainText(sentence);
  }
});

test('a source in a link is fetched from nobody: the page names the host and asks', async ({
  page,
  requests,
}) => {
  const source = 'https://example.org/sae';
  await open(page, encodeView({ kind: 'feature', feature: 1, sae: SAE.id, source }).hash);
  await expect(page.getByText(/example\.org/)).toBeVisible();
  expect(requests.filter((url) => url.includes('example.org'))).toEqual([]);
});
