import { expect, featureRows, open, panel, promptBox, stat, test, tokens, typePrompt } from './support.ts';

test('an empty prompt is a sentence, not an error', async ({ page }) => {
  await open(page, '#/v1/prompt?p=');
  await expect(page.getByText('The prompt is empty: type some text above')).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('of a prompt of 10,000 tokens the first n_ctx run, and the page says how many were left out', async ({
  page,
}) => {
  await open(page);
  await typePrompt(page, ' the'.repeat(10_000));
  const { n_ctx } = await page.evaluate(async () => (await window.headlight.models())[0]!.config);
  await expect(page.getByText(/were left out/)).toHaveText(
    `The model's context is ${n_ctx} tokens: the first ${n_ctx} were run, ${10_001 - n_ctx} were left out.`,
  );
  await expect(tokens(page)).toHaveCount(n_ctx);
  await expect(featureRows(page).first()).toBeVisible();
});

test('emoji, right-to-left and combining text are tokenised and shown exactly', async ({ page }) => {
  const text = '👩‍🚀 naïve שלום مرحبا ﷽ a\u0301\t\n';
  await open(page);
  await typePrompt(page, text);
  await expect(featureRows(page).first()).toBeVisible();
  const pieces = await page.evaluate(async (t) => (await window.headlight.tokenize(t)).ids.length, text);
  await expect(tokens(page)).toHaveCount(pieces);
  await expect(stat(page, 'loss')).toHaveText(/nats$/);
  await expect(page).toHaveURL(/p=/);
  await page.reload();
  await expect(promptBox(page)).toHaveValue(text);
  await expect(tokens(page)).toHaveCount(pieces);
});

test('lone surrogates become the replacement character instead of an error', async ({ page }) => {
  await open(page);
  await expect(featureRows(page).first()).toBeVisible();
  const { ids, loss } = await page.evaluate(async () => {
    const { ids } = await window.headlight.tokenize('a\ud83d b\udc00');
    const { loss } = await window.headlight.forward('a\ud83d b\udc00');
    return { ids: [...ids], loss };
  });
  const proper = await page.evaluate(async () => [
    ...(await window.headlight.tokenize('a\ufffd b\ufffd')).ids,
  ]);
  expect(ids).toEqual(proper);
  expect(Number.isFinite(loss)).toBe(true);
  // The same through the page: the box, the link and the strip.
  await page.evaluate(() => window.headlight.open({ kind: 'prompt', prompt: 'a\ud83d b\udc00' }));
  await expect(tokens(page)).toHaveCount(ids.length);
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('a prompt of one token has features and no loss', async ({ page }) => {
  await open(page);
  const [ids] = await page.evaluate(async () => {
    const { ids } = await window.headlight.tokenize('');
    const { loss } = await window.headlight.forward(ids.length > 0 ? ids : [0]);
    return [ids.length, String(loss)];
  });
  expect(ids).toBeLessThanOrEqual(1);
  await typePrompt(page, 'a');
  await expect(panel(page, 'Tokens')).toBeVisible();
});

test('token ids outside the vocabulary, foreign hooks and positions are refused by the API in one sentence', async ({
  page,
}) => {
  await open(page);
  const messages = await page.evaluate(async () => {
    const h = window.headlight;
    const [sae] = await h.saes();
    const says = async (p: Promise<unknown>) => p.then(() => 'accepted').catch((e: Error) => e.message);
    return [
      await says(h.forward([1, 2, 1e9])),
      await says(h.forward([1.5])),
      await says(h.forward('a', { hooks: ['blocks.7.attn.hook_z'] })),
      await says(h.forward('a', { hooks: ['__proto__'] })),
      await says(h.attribute('a b', { sae: sae!.id, feature: 0, dest: 99 })),
      await says(h.attribute('a b', { sae: sae!.id, feature: 1e6, dest: 1 })),
      await says(h.encode('a', { sae: 'x' })),
      await says(h.loadModel('javascript:alert(1)')),
    ];
  });
  expect(messages[0]).toMatch(/not a token id/);
  expect(messages[1]).toMatch(/not a token id/);
  expect(messages[2]).toMatch(/no hook blocks\.7/);
  expect(messages[3]).toMatch(/no hook __proto__/);
  expect(messages[4]).toMatch(/no position 99/);
  expect(messages[5]).toMatch(/feature/);
  expect(messages[6]).toMatch(/no SAE x/);
  expect(messages[7]).toMatch(/not an address/);
});
