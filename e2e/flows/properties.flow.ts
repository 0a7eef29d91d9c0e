import { expect, figure, open, test } from './support.ts';

const PROMPTS = [
  'Tom gave the red ball to Anna, and Anna thanked Tom.',
  'Once upon a time there was a small house by the sea.',
  '"Where is the key?" asked the king. "It is in the garden."',
  'Monday: bread, milk, eggs. Tuesday: bread, milk,',
  'zorp bim tak zorp bim tak zorp',
  'def add(a, b):\n    return a + b\n',
  'Dear Anna,\n\nThank you for the letter. Yours, Tom',
  'The capital of the land is the town on the hill',
  'one two three four five six seven eight nine ten',
  '??? !!! 👋 ...',
];

test('direct feature attribution adds up for every active feature of ten prompts', async ({ page }) => {
  test.setTimeout(300_000);
  await open(page);
  const { worst, count } = await page.evaluate(async (prompts) => {
    const h = window.headlight;
    let worst = { excess: -1, what: '' };
    let count = 0;
    for (const sae of await h.saes())
      for (const prompt of prompts) {
        const { tokens } = await h.encode(prompt, { sae: sae.id });
        for (const { pos, features } of tokens) {
          if (sae.excludedPositions.includes(pos)) continue;
          for (const { feature, act } of features) {
            const dfa = await h.attribute(prompt, { sae: sae.id, feature, dest: pos });
            const cells = dfa.byHeadAndSource.data;
            let sum = dfa.bias;
            let scale = 0;
            for (const c of cells) {
              sum += c;
              scale += Math.abs(c);
            }
            const off = Math.abs(sum - dfa.preAct);
            const excess = off / (1e-5 * scale + 1e-6);
            const what = `${sae.site} feature ${feature} at ${pos} of ${JSON.stringify(prompt)}: off by ${off}`;
            if (!(excess <= worst.excess)) worst = { excess, what };
            if (Math.abs(dfa.act - act) > 1e-4 * act + 1e-5)
              worst = { excess: 2, what: `${what}, other act` };
            count++;
          }
        }
      }
    return { worst, count };
  }, PROMPTS);
  figure(
    'closure of direct feature attribution',
    `${count} attributions, worst at ${worst.excess.toFixed(3)} of the tolerance (${worst.what})`,
  );
  expect(count).toBeGreaterThan(100);
  expect(worst.excess, worst.what).toBeLessThanOrEqual(1);
});

test('an edit that scales every active feature by 1 changes no logit', async ({ page }) => {
  await open(page);
  for (const prompt of PROMPTS.slice(0, 3)) {
    const worst = await page.evaluate(async (text) => {
      const h = window.headlight;
      let worst = 0;
      for (const sae of await h.saes()) {
        const { tokens } = await h.encode(text, { sae: sae.id });
        const active = new Set(tokens.flatMap((t) => t.features.map((f) => f.feature)));
        const edits = [...active].slice(0, 50).map((feature) => ({
          sae: sae.id,
          feature,
          op: 'scale' as const,
          value: 1,
        }));
        const clean = await h.forward(text, { logits: true });
        const edited = await h.forward(text, { logits: true, edits });
        const [a, b] = [clean.logits!.data, edited.logits!.data];
        for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
        if (a.length !== b.length || a.length === 0) worst = Number.POSITIVE_INFINITY;
      }
      return worst;
    }, prompt);
    // (acts′ − acts) is exactly zero, and the error term is kept, so nothing is added.
    expect(worst).toBe(0);
  }
});

test('generation from one seed is the same twice, and another seed differs', async ({ page }) => {
  await open(page);
  const texts = await page.evaluate(async () => {
    const h = window.headlight;
    const make = (seed: number) => h.generate('Once upon a time', { tokens: 24, temperature: 1, seed });
    return [(await make(1)).text, (await make(1)).text, (await make(2)).text];
  });
  expect(texts[1]).toBe(texts[0]);
  expect(texts[2]).not.toBe(texts[0]);
});
