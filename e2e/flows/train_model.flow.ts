import AxeBuilder from '@axe-core/playwright';
import {
  expect,
  fillField,
  open,
  panel,
  runStatus,
  startButton,
  stat,
  test,
  tokens,
  typePrompt,
} from './support.ts';

test('a transformer is trained in the page, shows its text, and answers a prompt', async ({ page }) => {
  test.setTimeout(360_000);
  await open(page, '#/v1/train');
  await page.getByRole('button', { name: 'transformer', exact: true }).click();
  await page.getByRole('button', { name: /^tiny/ }).click();
  await expect(page).toHaveURL(/v=transformer/);
  // The first plan waits for the calibration.
  await expect(page.locator('.plan-cost')).toContainText('parameters', { timeout: 120_000 });
  await fillField(page, 'd_model', 33);
  await expect(page.getByText('d_model 33 is not a multiple of n_heads 2')).toBeVisible();
  await expect(startButton(page)).toBeDisabled();
  await fillField(page, 'd_model', 32);
  await fillField(page, 'batch', 64);
  // Long enough that it is still running when it is paused.
  await fillField(page, 'tokens', 1000000);
  await startButton(page).click();

  await expect(runStatus(page)).toHaveText('running');
  // From ln V = 8.1 the loss on held-out text falls long before any ability comes.
  const runs = panel(page, 'Transformers trained on this device');
  const heldOut = async () => Number.parseFloat((await runs.locator('td.num').nth(2).textContent()) ?? '');
  await expect.poll(heldOut, { timeout: 180_000 }).toBeLessThan(6);
  // Abilities and sample are there for the start and for a later step.
  const times = page.getByRole('region', { name: 'Abilities' }).getByRole('columnheader', { name: /^at / });
  await expect(times).toHaveCount(2);
  await expect(page.locator('.sample-text')).not.toHaveText('Not drawn yet.');
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await expect(runStatus(page)).toHaveText('paused');
  const pausedAt = await stat(page, 'step').textContent();
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join('; ')}`)).toEqual([]);
  await page.screenshot({ path: 'test-results/screens/train_model_light_1280.png', fullPage: true });
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.screenshot({ path: 'test-results/screens/train_model_dark_1280.png', fullPage: true });

  await page.reload();
  await expect(runStatus(page)).toHaveText('interrupted');
  await panel(page, 'transformer')
    .getByRole('button', { name: /^Resume from step/ })
    .first()
    .click();
  await expect(runStatus(page)).toHaveText('running');
  await expect(stat(page, 'step')).not.toHaveText(pausedAt ?? '');
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(runStatus(page)).toHaveText('stopped', { timeout: 60_000 });
  await page.getByRole('link', { name: 'Give it a prompt' }).click();
  await typePrompt(page, 'The dog went to the');
  await expect(tokens(page)).toHaveCount(6);
  const titles = await page.evaluate(async () =>
    (await window.headlight.models()).map((m) => [m.source, m.loaded]),
  );
  expect(titles).toContainEqual(['trained here', true]);
});
