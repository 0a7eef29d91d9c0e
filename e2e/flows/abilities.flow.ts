import { expect, open, test } from './support.ts';

test('every embedded SAE shows what its model can do clean and with it spliced in', async ({ page }) => {
  await open(page, '#/v1/load');
  const saes = await page.evaluate(async () =>
    (await window.headlight.saes()).filter((s) => s.source === 'embedded'),
  );
  expect(saes.length).toBeGreaterThan(0);
  for (const { title, abilities = [] } of saes) {
    expect(abilities.map((a) => a.key)).toEqual(
      expect.arrayContaining(['induction', 'ioSeen', 'ioHeldOut', 'brackets', 'quoteCloses', 'question']),
    );
    const list = page.getByRole('list', { name: `Abilities with ${title} spliced in` });
    await expect(list.getByRole('listitem')).toHaveCount(abilities.length);
    for (const [i, { label, clean, spliced, unit }] of abilities.entries()) {
      const text = (v: number): string => (unit === 'nats' ? v.toFixed(2) : (100 * v).toFixed(1));
      const item = list.getByRole('listitem').nth(i);
      await expect(item).toContainText(label);
      await expect(item).toContainText(text(clean));
      await expect(item).toContainText(text(spliced as number));
      await expect(item).toContainText(/kept|weaker|lost|better/);
    }
  }
  // The definition of each is a key press away.
  const title = saes[0]?.title ?? '';
  const first = page.getByRole('list', { name: `Abilities with ${title} spliced in` });
  await first.getByRole('button', { name: /^Help/ }).first().press('Enter');
  await expect(first.getByText(/Mean of −log p/).first()).toBeVisible();
});

test('a run measures abilities at its end; they survive export, import and reload', async ({ page }) => {
  test.setTimeout(300_000);
  await open(page);
  const { run, sae, abilities, imported, events } = await page.evaluate(async () => {
    const job = {
      ...{ site: 'blocks.0.attn.hook_z', variant: 'topk', config: { k: 8 }, d_sae: 64 },
      ...{ tokens: 2048, batch: 128, seed: 5, title: 'A short run', abilityPrompts: 2 },
    };
    const training = window.headlight.train(job);
    let heard = 0;
    for await (const event of training) if (event.type === 'abilities') heard++;
    const done = await training.result;
    const files = await window.headlight.exportSae({ sae: done.sae.id });
    const named = Object.entries(files).map(([name, bytes]) => ({
      name,
      blob: new Blob([bytes as Uint8Array<ArrayBuffer>]),
    }));
    const again = await window.headlight.loadSae(named);
    return {
      ...{ run: done.run, sae: done.sae, abilities: done.abilities },
      ...{ imported: again.abilities, events: heard },
    };
  });
  expect(events).toBeGreaterThan(0);
  const induction = abilities?.find((a) => a.key === 'induction');
  // 64 features after 16 steps cannot stand in for layer 0.
  expect(induction?.spliced).toBeGreaterThan(induction?.clean as number);
  expect(sae.abilities).toEqual(abilities);
  expect(imported).toEqual(abilities);
  await open(page, `#/v1/train?r=${run}`);
  const list = page.getByRole('list', { name: `Abilities with ${sae.title} spliced in` });
  await expect(list.getByRole('listitem')).toHaveCount(abilities?.length ?? 0);
  const stored = await page.evaluate(
    async (id) => (await window.headlight.saes()).find((s) => s.id === id)?.abilities,
    sae.id,
  );
  expect(stored).toEqual(abilities);
});
