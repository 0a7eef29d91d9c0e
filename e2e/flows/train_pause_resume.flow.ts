import AxeBuilder from '@axe-core/playwright';
import { encodeView } from '#share/codec.ts';
import {
  copiedLink,
  expect,
  featureRows,
  fillField,
  fillTrainForm,
  open,
  panel,
  promptBox,
  runStatus,
  startButton,
  stat,
  storedSae,
  test,
  tokens,
  watchErrors,
} from './support.ts';

test('a run is started from the form, paused, resumed, survives a reload and leaves an SAE that can be read', async ({
  page,
  browser,
  pageErrors,
}) => {
  test.setTimeout(360_000);
  await open(page, '#/v1/train');
  await fillTrainForm(page, { tokens: 32_768 });
  await expect(page.locator('.plan-cost')).toContainText('512'); // steps of 64 tokens
  await startButton(page).click();

  const chart = page.getByRole('slider', { name: 'Loss over tokens' });
  await expect(chart).toBeVisible();
  await expect(runStatus(page)).toHaveText('running');

  const events = page.getByRole('list', { name: 'Events of the run' });
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await expect(runStatus(page)).toHaveText('paused');
  const pausedAt = await stat(page, 'step').textContent();
  await page.getByRole('button', { name: 'Resume', exact: true }).click();
  await expect(runStatus(page)).toHaveText('running');
  await expect(stat(page, 'step')).not.toHaveText(pausedAt ?? '');

  const before = await events.getByText('checkpoint').count();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect.poll(() => events.getByText('checkpoint').count()).toBeGreaterThan(before);
  await page.reload();

  await expect(runStatus(page)).toHaveText('interrupted');
  await expect(chart).toBeVisible(); // the history came back with the record
  const resume = panel(page, 'topk')
    .getByRole('button', { name: /^Resume from step/ })
    .first();
  const from = Number(((await resume.textContent()) ?? '').replace(/\D/g, ''));
  expect(from).toBeGreaterThan(0);
  await resume.click();
  await expect(runStatus(page)).toHaveText('running');
  await expect(runStatus(page)).toHaveText('finished', { timeout: 240_000 });
  await expect(page.getByText('The SAE is saved on this device.')).toBeVisible();
  await expect(
    stat(page, 'explained variance').or(page.getByText('CE recovered').first()).first(),
  ).toBeVisible();

  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join('; ')}`)).toEqual([]);
  await page.screenshot({ path: 'test-results/screens/train_run_light_1280.png', fullPage: true });

  await page.reload();
  await expect(runStatus(page)).toHaveText('finished');
  await page.getByRole('link', { name: 'See its features' }).click();
  await expect(page.getByRole('heading', { name: /of 64 features/ })).toBeVisible();
  await page.getByRole('listbox', { name: 'Features' }).getByRole('option').first().click();
  await expect(page.getByRole('heading', { level: 1, name: /^feature \d+$/ })).toBeVisible();
  await expect(panel(page, 'Top activations').locator('li').first()).toBeVisible();

  // Somebody else, who has no such SAE, sees the card that came with the link.
  const link = await copiedLink(page);
  const context = await browser.newContext();
  const other = await context.newPage();
  watchErrors(other, pageErrors);
  await other.goto(link);
  await expect(other.getByRole('heading', { name: 'This SAE is not on this device' })).toBeVisible();
  await expect(other.getByRole('heading', { name: /^Feature \d+ \(card, read-only\)$/ })).toBeVisible();
  await context.close();

  await page.getByRole('button', { name: 'Prompt', exact: true }).click();
  await expect(page.getByRole('combobox', { name: 'SAE' })).toContainText('64 features');
  await promptBox(page).fill('Tom gave the ball to Anna.');
  await expect(tokens(page).nth(1)).toHaveText('Tom');
  await expect(featureRows(page).first()).toBeVisible();
});

test('a run that is stopped early keeps the SAE as it then is', async ({ page }) => {
  await open(page, '#/v1/train');
  await fillTrainForm(page, { tokens: 1_000_000 });
  await startButton(page).click();
  await expect(runStatus(page)).toHaveText('running');
  await expect(page.getByRole('slider', { name: 'Loss over tokens' })).toBeVisible();
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  // It is stored before it is measured and indexed, so that closing the tab meanwhile loses nothing.
  await storedSae(page);
});

test('the form refuses a d_sae that cannot fit before anything is allocated and names the largest that fits', async ({
  page,
}) => {
  await open(page, encodeView({ kind: 'train' }).hash);
  await fillTrainForm(page, { d_sae: 1_048_576, batch: 32_768, tokens: 65_536 });
  const refusal = page.getByRole('alert').filter({ hasText: 'This run does not fit.' });
  await expect(refusal).toContainText(/\d{2,}/);
  await expect(startButton(page)).toBeDisabled();
  const largest = Number(/largest that fits: d_sae (\d+)/.exec((await refusal.textContent()) ?? '')?.[1]);
  expect(largest).toBeGreaterThan(0);
  await fillField(page, 'd_sae', largest);
  await expect(refusal).toHaveCount(0);
  await expect(startButton(page)).toBeEnabled();
});
