import { test as base, expect, type Page } from '@playwright/test';
import type { FeatureViewRef } from '#share/view_ref.ts';

export { expect };
/** `SITE` as the pages see it, without the hash. */
export const SITE_PATH = '/sub/headlight/';

interface Fixtures {
  /** Uncaught errors and console errors of the page; a test that provokes one takes it out. */
  readonly pageErrors: string[];
  /** Addresses of the requests of the page and its workers that the policy let through. */
  readonly requests: string[];
}

/** Every flow fails when its page throws or writes an error to the console. */
export const test = base.extend<Fixtures>({
  pageErrors: [
    async ({ page }, use) => {
      const errors: string[] = [];
      watchErrors(page, errors);
      await use(errors);
      expect(errors, 'uncaught errors of the page').toEqual([]);
    },
    { auto: true },
  ],
  requests: async ({ context }, use) => {
    const urls: string[] = [];
    context.on('request', (r) => urls.push(r.url()));
    // The browser announces some requests before its policy refuses them; those never left.
    context.on('requestfailed', (r) => {
      if (/csp/i.test(r.failure()?.errorText ?? '')) urls.splice(urls.indexOf(r.url()), 1);
    });
    await use(urls);
  },
});

/** Collects uncaught errors and console errors of a page. */
export function watchErrors(page: Page, errors: string[]): void {
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${message.text()} (${message.location().url})`);
  });
}

/** Keeps a figure: in the report's annotations and as a line of output. */
export function figure(what: string, value: string): void {
  test.info().annotations.push({ type: what, description: value });
  process.stdout.write(`figure: ${what}: ${value}\n`);
}

/** Opens the site at a view and waits until the engine has spoken. */
export async function open(page: Page, hash = ''): Promise<{ readonly gpu: boolean }> {
  // The same document with another hash is no navigation; about:blank in between makes it one.
  if (page.url().includes(SITE_PATH)) await page.goto('about:blank');
  await page.goto(`./${hash}`);
  return page.evaluate(() => window.headlight.ready);
}

/** Rows of the active-features list of the prompt view. */
export const featureRows = (page: Page) =>
  page.getByRole('region', { name: 'Active features' }).locator('tbody tr');
/** Tokens of the prompt view. */
export const tokens = (page: Page) =>
  page.getByRole('listbox', { name: 'Prompt tokens' }).getByRole('option');
export const promptBox = (page: Page) => page.getByRole('textbox', { name: 'Prompt text' });
/** A labelled number of the page, by its label. */
export const stat = (page: Page, label: string) =>
  page
    .locator('.stat')
    .filter({ has: page.locator('.label', { hasText: new RegExp(`^${label}`) }) })
    .locator('.value');
/** The panel whose heading starts with a text. */
export const panel = (page: Page, title: string) =>
  page.locator('section.panel').filter({ has: page.getByRole('heading', { level: 2, name: title }) });

/** Types a prompt and waits until the report on the page is that of this text (its last answer). */
export async function typePrompt(page: Page, text: string): Promise<void> {
  await promptBox(page).fill(text);
  await expect(page.locator('.stats.facts')).toHaveAttribute('data-pending', 'false');
}

export interface SmallRun {
  readonly site?: string;
  readonly d_sae?: number;
  readonly batch?: number;
  readonly tokens?: number;
}

/** Fills the form with a problem small enough for a software adapter; Start is left to the test. */
export async function fillTrainForm(page: Page, run: SmallRun = {}): Promise<void> {
  const { site = 'blocks.0.attn.hook_z', d_sae = 64, batch = 64, tokens: n = 4096 } = run;
  await page.getByRole('combobox', { name: 'hook' }).selectOption(site);
  await fillField(page, 'd_sae', d_sae);
  await fillField(page, 'tokens', n);
  await fillField(page, 'batch', batch);
}
/** A number field of the form, by its label. */
export async function fillField(page: Page, label: string, value: number): Promise<void> {
  await page.getByRole('textbox', { name: label, exact: true }).fill(String(value));
}
export const startButton = (page: Page) => page.getByRole('button', { name: 'Start training' });
/** The status chip of the shown run. */
export const runStatus = (page: Page) => stat(page, 'status');

/** The address that the Share button puts on the clipboard. */
export async function copiedLink(page: Page): Promise<string> {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Share' }).click();
  await expect(page.getByText(/^Link copied/)).toBeVisible();
  return page.evaluate(() => navigator.clipboard.readText());
}

/** Waits until an SAE that was trained in the page is in the library, and gives its id. */
export async function storedSae(page: Page): Promise<string> {
  const own = () =>
    page.evaluate(async () => (await window.headlight.saes()).find((s) => s.source === 'trained here')?.id);
  await expect.poll(own, { timeout: 120_000 }).toBeDefined();
  return (await own()) as string;
}

/** First active feature with its token, from the API: what a person would click on. */
export async function aFeature(
  page: Page,
  prompt: string,
): Promise<Required<Pick<FeatureViewRef, 'feature' | 'position'>>> {
  return page.evaluate(async (text) => {
    const [sae] = await window.headlight.saes();
    const { tokens } = await window.headlight.encode(text, { sae: sae!.id });
    const at = tokens.findLast((t) => t.features.length > 0)!;
    return { feature: at.features[0]!.feature, position: at.pos };
  }, prompt);
}

/** Keeps every Worker of the page in `engineWorkers`, so that a test can speak to the engine behind the client's back. */
export async function exposeWorkers(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const Native = globalThis.Worker;
    const workers: Worker[] = [];
    Object.assign(globalThis, { engineWorkers: workers });
    globalThis.Worker = class extends Native {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options);
        workers.push(this);
      }
    };
  });
}
declare global {
  var engineWorkers: Worker[];
}

/** Puts code in front of the engine worker's own, as a hostile dependency or another browser would have it. */
export async function inEngine(page: Page, prelude: () => void): Promise<void> {
  await page.route('**/engine.worker*.js', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `(${String(prelude)})();\n${await response.text()}` });
  });
}
