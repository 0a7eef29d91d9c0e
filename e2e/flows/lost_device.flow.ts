import type { Page } from '@playwright/test';
import {
  expect,
  exposeWorkers,
  featureRows,
  fillTrainForm,
  inEngine,
  open,
  panel,
  runStatus,
  startButton,
  stat,
  storedSae,
  test,
  typePrompt,
  watchErrors,
} from './support.ts';

const saveButton = (page: Page) => page.getByRole('button', { name: 'Save', exact: true });
const events = (page: Page) => page.getByRole('list', { name: 'Events of the run' });

/** Starts a run that is too long to end by itself, and waits for its first checkpoint. */
async function startLongRun(page: Page): Promise<void> {
  await open(page, '#/v1/train');
  await fillTrainForm(page, { tokens: 10_000_000 });
  await startButton(page).click();
  await expect(runStatus(page)).toHaveText('running');
  await saveButton(page).click();
  await expect(
    events(page)
      .getByText(/^checkpoint saved/)
      .first(),
  ).toBeVisible();
}

const stepOf = (text: string | null): number => Number((text ?? '').split(' of ')[0]?.replaceAll(',', ''));
async function expectProgress(page: Page): Promise<void> {
  const at = stepOf(await stat(page, 'step').textContent());
  await expect.poll(async () => stepOf(await stat(page, 'step').textContent())).toBeGreaterThan(at);
}

test('a device that is destroyed during training comes back and the run goes on from its last checkpoint', async ({
  page,
}) => {
  await exposeWorkers(page);
  await startLongRun(page);
  await page.evaluate(() =>
    globalThis.engineWorkers.at(-1)!.postMessage({
      kind: 'call',
      id: 1_000_000,
      name: 'debug',
      input: { action: 'destroyDevice' },
    }),
  );
  await expect.poll(() => page.evaluate(() => globalThis.engineWorkers.length)).toBe(2);
  await expect(runStatus(page)).toHaveText('running');
  await expectProgress(page);
  // Prompts work again as well: model and SAE were loaded into the new worker.
  await page.getByRole('button', { name: 'Prompt', exact: true }).click();
  await typePrompt(page, 'Anna went home.');
  await expect(featureRows(page).first()).toBeVisible();
  await expect(page.getByText('The graphics device was lost.')).toHaveCount(0);
});

test('an engine worker that crashes is started again, says why, and resumes what ran', async ({ page }) => {
  await exposeWorkers(page);
  await startLongRun(page);
  await page.evaluate(() => {
    const worker = globalThis.engineWorkers.at(-1)!;
    worker.terminate();
    worker.dispatchEvent(new ErrorEvent('error', { message: 'planted crash' }));
  });
  await expect.poll(() => page.evaluate(() => globalThis.engineWorkers.length)).toBe(2);
  await expectProgress(page);
  await expect(runStatus(page)).toHaveText('running');
});

test('an engine that crashes again and again is given up with one sentence', async ({ page }) => {
  await exposeWorkers(page);
  await open(page);
  await expect(featureRows(page).first()).toBeVisible();
  for (let crash = 1; crash <= 5; crash++) {
    await page.evaluate(() =>
      globalThis.engineWorkers.at(-1)!.dispatchEvent(new ErrorEvent('error', { message: 'planted crash' })),
    );
  }
  await expect(page.getByText(/The engine stopped 5 times in a minute/).first()).toBeVisible();
  const message = await page.evaluate(() =>
    window.headlight.models().then(
      () => 'answered',
      (e: Error) => e.message,
    ),
  );
  expect(message).toMatch(/5 times in a minute/);
});

test('without private file storage the page says that nothing survives the tab, and still trains and exports', async ({
  page,
}) => {
  await inEngine(page, () => {
    // What a private window of some browsers does.
    const refuse = () => Promise.reject(new DOMException('private window', 'SecurityError'));
    Object.defineProperty(navigator.storage, 'getDirectory', { value: refuse });
  });
  await open(page, '#/v1/load');
  await expect(page.getByText('Nothing survives this tab.', { exact: true })).toBeVisible();
  await page.evaluate(() => {
    window.headlight.train({
      site: 'blocks.0.attn.hook_z',
      variant: 'topk',
      config: { k: 8 },
      d_sae: 64,
      tokens: 1024,
      batch: 64,
    });
  });
  const sae = await storedSae(page);
  const files = await page.evaluate(
    async (id) => window.headlight.exportSae({ sae: id }).then(Object.keys),
    sae,
  );
  expect(files).toContain('sae_weights.safetensors');
  await expect(page.getByRole('row', { name: /64 features/ }).first()).toBeVisible();
});

test('a disk that is full keeps the trained SAE in the tab and says what to do', async ({ page }) => {
  await inEngine(page, () => {
    // Every file written to OPFS fails as it does when the quota is used up.
    const full = (): never => {
      throw new DOMException('quota', 'QuotaExceededError');
    };
    const scope = globalThis as unknown as Record<string, { prototype: Record<string, unknown> }>;
    scope['FileSystemSyncAccessHandle']!.prototype['write'] = full;
  });
  await open(page, '#/v1/train');
  await fillTrainForm(page, { tokens: 2048 });
  await startButton(page).click();
  await expect(
    events(page)
      .getByText(/disk space that the browser gives this page is used up/)
      .first(),
  ).toBeVisible({ timeout: 120_000 });
  const sae = await storedSae(page);
  // It is used from the tab's memory.
  const { tokens } = await page.evaluate(
    (id) => window.headlight.encode('Anna went home.', { sae: id }),
    sae,
  );
  expect(tokens.some((t) => t.features.length > 0)).toBe(true);
});

test('of two tabs on one store the first writes, and the second says so and still works', async ({
  page,
  context,
  pageErrors,
}) => {
  await open(page, '#/v1/load');
  await expect(panel(page, 'Storage')).toContainText('used of');
  const second = await context.newPage();
  watchErrors(second, pageErrors);
  await open(second, '#/v1/load');
  await expect(panel(second, 'Storage')).toContainText(/another tab/i);
  await expect(panel(page, 'Storage')).not.toContainText(/another tab/i);
  await second.getByRole('button', { name: 'Prompt', exact: true }).click();
  await typePrompt(second, 'Anna went home.');
  await expect(featureRows(second).first()).toBeVisible();
});
