import { chromiumPath } from '../../scripts/chromium.mjs';
import { expect, featureRows, open, panel, test } from './support.ts';

const executablePath = chromiumPath();
// A browser without WebGPU, in page and workers alike.
test.use({
  launchOptions: {
    ...(executablePath ? { executablePath } : { channel: 'chromium' }),
    args: ['--no-sandbox', '--disable-features=WebGPU', '--disable-gpu', '--no-first-run', '--disable-quic'],
  },
});

test('without WebGPU the page lives, says so, and headlight.ready resolves with gpu: false', async ({
  page,
}) => {
  expect(await open(page)).toEqual({ gpu: false });
  await expect(page.getByText('No WebGPU here, so nothing new can be computed.')).toBeVisible();
  await expect(page.getByText(/Use Chrome or Edge 121/)).toBeVisible();
  await expect(page.getByText('no WebGPU', { exact: true })).toBeVisible();
});

test('without WebGPU the features of the embedded SAEs are read from the shipped index', async ({ page }) => {
  await open(page, '#/v1/features');
  await expect(page.getByRole('heading', { name: /^[\d,]+ of [\d,]+ features$/ })).toBeVisible();
  await page.getByRole('listbox', { name: 'Features' }).getByRole('option').first().click();
  await expect(page.getByRole('heading', { level: 1, name: /^feature \d+$/ })).toBeVisible();
  await expect(panel(page, 'Top activations').locator('li').first()).toBeVisible();
  await page.getByRole('textbox', { name: 'Test text' }).fill('Something else');
  await expect(panel(page, 'Test text')).toContainText('Text cannot be run without WebGPU');
});

test('without WebGPU the model’s own prompt is shown from a recording, and other prompts say why not', async ({
  page,
}) => {
  await open(page);
  await expect(page.getByText("This is a recording of the model's own prompt.")).toBeVisible();
  await expect(featureRows(page).first()).toBeVisible();
  await page.getByRole('textbox', { name: 'Prompt text' }).fill('Something else');
  await expect(page.getByText('Prompts cannot be computed without WebGPU.')).toBeVisible();
  await page.getByRole('button', { name: 'Show the recorded prompt' }).click();
  await expect(featureRows(page).first()).toBeVisible();
});

test('without WebGPU train and load views say why they cannot compute', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await expect(
    page.getByText('Training needs WebGPU, which this browser does not offer here.'),
  ).toBeVisible();
  await page.getByRole('button', { name: 'Load', exact: true }).click();
  await expect(panel(page, 'Adapter')).toContainText('There is no WebGPU here. To get it:');
  const message = await page.evaluate(() =>
    window.headlight.forward('a').then(
      () => 'computed',
      (e: Error) => e.message,
    ),
  );
  expect(message).toMatch(/WebGPU/);
});
