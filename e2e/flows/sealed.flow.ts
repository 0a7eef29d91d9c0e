import { expect, featureRows, inEngine, open, test, typePrompt } from './support.ts';

const FOREIGN = 'https://example.com/beacon';

test('no request leaves the origin while a person loads, types and inspects', async ({ page, requests }) => {
  await open(page);
  await typePrompt(page, 'A secret that nobody else may read');
  await featureRows(page).first().getByRole('link').click();
  await expect(page.locator('.dfa-sum dd').first()).toBeVisible();
  for (const view of ['Load', 'Features', 'Train']) {
    await page.getByRole('button', { name: view, exact: true }).click();
    await expect(page.getByRole('button', { name: view, exact: true })).toHaveAttribute(
      'aria-current',
      'page',
    );
  }
  const { origin } = new URL(page.url());
  const foreign = requests.filter((url) => !url.startsWith(origin) && !/^(blob|data):/.test(url));
  expect(foreign).toEqual([]);
  expect(requests.filter((url) => /secret/.test(url))).toEqual([]);
  await expect(page.getByText(/^local · \d+ GETs$/)).toBeVisible();
});

test('a foreign fetch, socket, image and script planted in the page are blocked by its policy', async ({
  page,
  requests,
  pageErrors,
}) => {
  await open(page);
  const got = await page.evaluate(async (url) => {
    const violated: string[] = [];
    document.addEventListener('securitypolicyviolation', (e) => violated.push(e.effectiveDirective));
    const fetched = await fetch(url, { mode: 'no-cors' }).then(
      () => 'sent',
      () => 'blocked',
    );
    const beacon = navigator.sendBeacon(url, 'x');
    const socket = await new Promise<string>((done) => {
      try {
        const s = new WebSocket('wss://example.com/');
        s.onerror = () => done('blocked');
        s.onopen = () => done('open');
      } catch {
        done('blocked');
      }
    });
    const image = await new Promise<string>((done) => {
      const i = new Image();
      i.onload = () => done('loaded');
      i.onerror = () => done('blocked');
      i.src = `${url}.png`;
    });
    const script = await new Promise<string>((done) => {
      const s = document.createElement('script');
      s.onload = () => done('ran');
      s.onerror = () => done('blocked');
      s.src = `${url}.js`;
      document.head.append(s);
    });
    return { fetched, beacon, socket, image, script, violated };
  }, FOREIGN);
  expect(got).toMatchObject({ fetched: 'blocked', socket: 'blocked', image: 'blocked', script: 'blocked' });
  expect(new Set(got.violated)).toEqual(new Set(['connect-src', 'img-src', 'script-src-elem']));
  expect(requests.filter((url) => url.includes('example.com'))).toEqual([]);
  // Every refusal is in the console; they were provoked.
  for (const e of pageErrors.splice(0)) expect(e).toContain('Content Security Policy');
});

test('a foreign fetch planted in the engine worker is blocked, since the worker has the policy of the page', async ({
  page,
  requests,
  pageErrors,
}) => {
  await inEngine(page, () => {
    const say = (text: string): void => new BroadcastChannel('planted').postMessage(text);
    addEventListener(
      'message',
      () => {
        fetch('https://example.com/beacon', { mode: 'no-cors' }).then(
          () => say('sent'),
          () => say('blocked'),
        );
      },
      { once: true },
    );
  });
  await page.addInitScript(() => {
    const heard: string[] = [];
    Object.assign(globalThis, { heard });
    new BroadcastChannel('planted').onmessage = (e) => heard.push(e.data);
  });
  await open(page);
  await expect
    .poll(() => page.evaluate(() => (globalThis as unknown as { heard: string[] }).heard))
    .toEqual(['blocked']);
  expect(requests.filter((url) => url.includes('example.com'))).toEqual([]);
  for (const e of pageErrors.splice(0)) expect(e).toContain('Content Security Policy');
  await expect(featureRows(page).first()).toBeVisible();
});

test('a sealed page forbids every connection, its own site included, and still runs a prompt', async ({
  page,
  requests,
  pageErrors,
}) => {
  await open(page);
  await page.getByRole('button', { name: 'Seal', exact: true }).click();
  await expect(page.getByText('sealed by the browser')).toBeVisible();
  const before = requests.length;
  await typePrompt(page, 'Nobody hears this');
  await expect(featureRows(page).first()).toBeVisible();
  const fetches = `fetch(new URL('embedded/current.json', location.href)).then(() => 'sent', () => 'blocked')`;
  expect(await page.evaluate(fetches)).toBe('blocked');
  await page.getByRole('button', { name: 'Features', exact: true }).click();
  await expect(page.getByText(/of [\d,]+ features/)).toBeVisible();
  // Modules of the new worker come by import, and the browser fetches the tab's icon for itself.
  const sent = requests
    .slice(before)
    .filter((url) => !/^(blob|data):/.test(url) && !/(\.js|icon\.svg)$/.test(url));
  expect(sent).toEqual([]);
  // The planted fetch was refused, which the console says.
  for (const e of pageErrors.splice(0)) expect(e).toContain('Content Security Policy');
});
