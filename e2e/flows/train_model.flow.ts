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
  await startButton(page).click();

  await expect(runStatus(page)).toHaveText('running');
  const lossOf = () =>
    page.evaluate(async () => {
      const rows = [...document.querySelectorAll('section[aria-label="Abilities"] tbody tr')];
      const [before, now] = [...(rows[0]?.querySelectorAll('td') ?? [])].map((td) => Number(td.textContent));
      return { before: before ?? Number.NaN, now: now ?? Number.NaN };
    });
  // Random words get likelier than chance as soon as the model knows which tokens are words.
  await expect
    .poll(
      async () => {
        const { before, now } = await lossOf();
        return now < before - 0.3;
      },
      { timeout: 180_000 },
    )
    .toBe(true);
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
