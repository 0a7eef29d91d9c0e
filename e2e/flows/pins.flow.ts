import AxeBuilder from '@axe-core/playwright';
import { expect, figure, fillTrainForm, open, panel, runStatus, startButton, test } from './support.ts';

test('features are pinned during a run, refresh while it goes, and are still pinned when it is resumed after a reload', async ({
  page,
}) => {
  test.setTimeout(240_000);
  await page.emulateMedia({ colorScheme: 'light' });
  await open(page, '#/v1/train');
  await fillTrainForm(page, { d_sae: 64, batch: 64, tokens: 1_000_000 });
  await startButton(page).click();
  await expect(page.getByRole('slider', { name: 'Loss over tokens' })).toBeVisible();

  const pins = page.getByRole('region', { name: 'Pinned features' });
  const card = (text: string | RegExp) =>
    pins.getByRole('listitem').filter({ has: page.getByRole('heading', { name: text }) });
  const cards = pins.locator('.pin-card');
  const number = pins.getByRole('textbox', { name: 'feature' });
  await number.fill('64');
  await number.press('Enter');
  await expect(pins.getByRole('alert')).toContainText('There is no feature 64: this SAE has 0 to 63.');
  await number.fill('5');
  await number.press('Enter');
  await expect(pins.getByRole('alert')).toHaveCount(0);
  await expect(card('feature 5')).toContainText('density');
  await pins.getByRole('button', { name: 'Densest' }).click();
  await expect(cards).toHaveCount(2);
  const densest = cards.nth(1);
  await expect(densest.getByRole('listbox').first()).toBeVisible();
  await expect(densest.locator('.pin-logits .chip')).toHaveCount(10);

  // The weights move on under the cards.
  const age = pins.getByText(/^as of step/);
  const stepOf = async () =>
    Number(/step ([\d,]+)/.exec((await age.textContent()) ?? '')?.[1]?.replaceAll(',', ''));
  const first = await stepOf();
  const times: number[] = [];
  for (let n = 0, last = first; n < 4; n++) {
    const from = Date.now();
    await expect.poll(stepOf, { intervals: [100], timeout: 15_000 }).toBeGreaterThan(last);
    last = await stepOf();
    times.push(Date.now() - from);
  }
  figure('seconds between refreshes of pinned features', times.map((t) => (t / 1000).toFixed(1)).join(', '));

  for (const name of ['Quietest', 'Random', 'Densest', 'Random', 'Quietest', 'Densest'])
    await pins.getByRole('button', { name }).click();
  await expect(cards).toHaveCount(8);
  await expect(pins.getByRole('button', { name: 'Densest' })).toBeDisabled();
  await pins.getByRole('button', { name: 'Unpin feature 5', exact: true }).click();
  await expect(cards).toHaveCount(7);

  // A run that is paused shows what it has, and what is pinned meanwhile.
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await expect(runStatus(page)).toHaveText('paused');
  await pins.getByRole('button', { name: 'Random' }).click();
  await expect(cards).toHaveCount(8);
  await expect(cards.nth(7)).toContainText('max act');
  const { violations } = await new AxeBuilder({ page }).include('.pins').analyze();
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join('; ')}`)).toEqual([]);
  await page.screenshot({ path: 'test-results/screens/pins_light_1280.png', fullPage: true });
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.screenshot({ path: 'test-results/screens/pins_dark_1280.png', fullPage: true });
  const dark = await new AxeBuilder({ page }).include('.pins').analyze();
  expect(dark.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join('; ')}`)).toEqual(
    [],
  );

  const names = await pins.getByRole('heading', { level: 4 }).allTextContents();
  await page.reload();
  await expect(runStatus(page)).toHaveText('interrupted');
  await expect(pins).toContainText('They are looked at again when the run goes on.');
  await panel(page, 'topk')
    .getByRole('button', { name: /^Resume from step/ })
    .first()
    .click();
  await expect(runStatus(page)).toHaveText('running');
  await expect(cards).toHaveCount(8);
  await expect(cards.nth(0)).toContainText('max act');
  const bare = (all: readonly string[]) => all.map((name) => /feature \d+/.exec(name)?.[0]);
  expect(bare(await pins.getByRole('heading', { level: 4 }).allTextContents())).toEqual(bare(names));
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
});
