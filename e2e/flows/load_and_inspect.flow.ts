import {
  expect,
  featureRows,
  figure,
  open,
  panel,
  promptBox,
  stat,
  test,
  tokens,
  typePrompt,
} from './support.ts';

const PROMPT = 'Tom gave the red ball to Anna, and Anna thanked';

test('a cold start analyses the default prompt and shows its features', async ({ page }) => {
  const sizes = new Map<string, number>();
  page.on('response', (r) => sizes.set(r.url(), Number(r.headers()['content-length'] ?? 0)));
  const started = Date.now();
  await page.goto('./');
  await expect(featureRows(page).first()).toBeVisible();
  const ms = Date.now() - started;
  // The feature index comes beside them, for densities; the first features do not need it.
  const sum = (wanted: (url: string) => boolean) =>
    [...sizes].reduce((total, [url, bytes]) => total + (wanted(url) ? bytes : 0), 0);
  const needed = sum((url) => !url.endsWith('/index.safetensors'));
  figure('cold start to first features', `${ms} ms`);
  figure(
    'bytes to first features, uncompressed',
    `${needed}, with the feature index ${sum(() => true)}, of which script and style ${sum((url) => /\.(js|css|html)$|\/$/.test(url))}`,
  );
  expect(needed).toBeLessThan(4e6); // decision 35
  await expect(tokens(page)).not.toHaveCount(0);
  await expect(stat(page, 'loss')).toHaveText(/^\d+\.\d+ nats$/);
});

test('another prompt changes tokens, features, next tokens and loss', async ({ page }) => {
  await open(page);
  await expect(featureRows(page).first()).toBeVisible();
  const before = await stat(page, 'loss').textContent();
  await typePrompt(page, PROMPT);
  await expect(tokens(page).nth(1)).toHaveText('Tom');
  await expect(stat(page, 'loss')).not.toHaveText(before ?? '');
  await expect(featureRows(page).first()).toBeVisible();
  await expect(panel(page, 'After token').locator('tbody tr')).toHaveCount(10);
  const expected = await page.evaluate(async (text) => {
    const { ids, pieces } = await window.headlight.tokenize(text);
    const { loss } = await window.headlight.forward(text);
    return { n: ids.length, pieces, loss };
  }, PROMPT);
  await expect(tokens(page)).toHaveCount(expected.n);
  const shown = Number.parseFloat((await stat(page, 'loss').textContent()) ?? '');
  expect(Math.abs(shown - expected.loss)).toBeLessThan(0.01); // the page shows two or three decimals
});

test('a token chosen in the strip shows its own features, and a click opens the feature with its attribution', async ({
  page,
}) => {
  await open(page);
  await typePrompt(page, PROMPT);
  const last = tokens(page).last();
  const position = (await tokens(page).count()) - 1;
  await last.click();
  await expect(
    page.getByRole('heading', { name: new RegExp(`features at token ${position}`) }),
  ).toBeVisible();
  const link = featureRows(page).first().getByRole('link');
  const feature = await link.textContent();
  await link.click();
  await expect(page.getByRole('heading', { level: 1, name: `feature ${feature}` })).toBeVisible();
  const dfa = panel(page, 'Direct feature attribution');
  await expect(dfa.locator('[aria-busy]')).toHaveAttribute('aria-busy', 'false');
  const residual = Number.parseFloat(
    ((await dfa.locator('.dfa-sum dd').last().textContent()) ?? '').replace('−', '-'),
  );
  expect(residual).toBeLessThan(1e-5);
  await expect(page.getByRole('textbox', { name: 'Test text' })).toHaveValue(PROMPT);
});

test('steering a feature shows changed loss, next tokens and a seeded continuation', async ({ page }) => {
  await open(page);
  await typePrompt(page, PROMPT);
  await featureRows(page)
    .first()
    .getByRole('button', { name: /^Steer feature/ })
    .click();
  const steer = panel(page, 'Steer');
  await steer.getByRole('button', { name: 'ablate' }).click();
  await expect(steer).toContainText(/KL|nats/);
  await expect(page).toHaveURL(/edit=ablate|e=ablate/);
});

test('the prompt box is emptied and filled again without a reload', async ({ page }) => {
  await open(page);
  await expect(featureRows(page).first()).toBeVisible();
  await promptBox(page).fill('');
  await expect(page.getByText('The prompt is empty')).toBeVisible();
  await typePrompt(page, PROMPT);
  await expect(featureRows(page).first()).toBeVisible();
});

test('while a person types, answers to older texts are dropped and the last text wins', async ({ page }) => {
  await open(page);
  await expect(featureRows(page).first()).toBeVisible();
  await promptBox(page).fill('');
  await promptBox(page).pressSequentially(PROMPT);
  await expect(page.locator('.stats.facts')).toHaveAttribute('data-pending', 'false');
  const pieces = await page.evaluate(async (text) => (await window.headlight.tokenize(text)).pieces, PROMPT);
  await expect(tokens(page)).toHaveCount(pieces.length);
  await expect(tokens(page).last()).toHaveText(/thanked$/);
  await expect(page).toHaveURL(/thanked$/);
  await page.goBack();
  await expect(promptBox(page)).toHaveCount(0); // typing made no history entries
  await page.goForward();
  await expect(promptBox(page)).toHaveValue(PROMPT);
});
