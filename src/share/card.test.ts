import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { type FeatureCard, type PromptCard, packCard, unpackCard } from './card.ts';
import { deflateText } from './deflate.ts';

const SAE = {
  id: 'A'.repeat(22),
  title: 'Layer 1, TopK 32',
  model: 'embedded',
  site: 'blocks.1.attn.hook_z',
  d_sae: 1024,
};

function featureCard(): FeatureCard {
  const rng = makeRng('card');
  const words = [' the', ' a', ' cat', ' sat', ' on', ' mat', '.', '\n', ' Mary'];
  const examples = Array.from({ length: 6 }, () => ({
    pieces: Array.from({ length: 24 }, () => words[rng.int(words.length)] as string),
    acts: Array.from({ length: 24 }, () => (rng.int(4) === 0 ? (rng.int(256) * 5.1) / 255 : 0)),
    at: 12,
  }));
  const logits = Array.from({ length: 10 }, (_, i) => ({ piece: ` tok${i}`, effect: 0.5 + i / 8 }));
  const share = [0.25, 0.5, 0.125, 0.125];
  return {
    kind: 'feature',
    sae: SAE,
    feature: 17,
    density: 0.0023,
    maxAct: 5.1,
    nTokens: 20000,
    examples,
    topLogits: logits,
    bottomLogits: logits,
    headShare: share,
  };
}

test('a feature card comes back, acts to 1/255 of the maximum, in about a thousand characters', async () => {
  const card = featureCard();
  const packed = await packCard(card);
  expect(packed.length).toBeLessThan(1500);
  expect(packed).toMatch(/^[A-Za-z0-9_-]+$/);
  const back = await unpackCard(packed);
  if (!back.ok) throw back.error;
  const got = back.card as FeatureCard;
  got.examples.forEach((e, i) => {
    e.acts.forEach((a, j) => {
      expect(Math.abs(a - (card.examples[i]?.acts[j] as number))).toBeLessThan(0.5 * (5.1 / 255) + 1e-9);
    });
  });
  expect({ ...got, examples: [] }).toEqual({ ...card, examples: [] });
});

test('a prompt card comes back', async () => {
  const card: PromptCard = {
    kind: 'prompt',
    sae: SAE,
    pieces: ['<bos>', ' Mary', ' 😀'],
    tokens: [[], [{ feature: 3, act: 1.5 }], [{ feature: 9, act: 0.25 }]],
  };
  expect(await unpackCard(await packCard(card))).toEqual({ ok: true, card });
});

test('a card that inflates to more than 256 kB is refused while it streams', async () => {
  const bomb = await deflateText('0'.repeat(50_000_000));
  const got = await unpackCard(bomb);
  expect(!got.ok && got.error.message).toContain('256 kB');
});

test('damaged, cut, foreign and future cards give one sentence', async () => {
  const packed = await packCard(featureCard());
  const rng = makeRng('card/fuzz');
  for (let i = 0; i < 300; i++) {
    const at = rng.int(packed.length);
    const letter = 'abcABC019-_!'[rng.int(12)] as string;
    const damaged = i % 2 ? packed.slice(0, at) : packed.slice(0, at) + letter + packed.slice(at + 1);
    const got = await unpackCard(damaged);
    if (!got.ok) expect(got.error.message).toMatch(/^The card in this link [^\n]+\.$/);
  }
  for (const plain of [
    'null',
    '[]',
    '{}',
    '[1,"f"]',
    '[1,"__proto__"]',
    '[1,"p",[],[],[]]',
    '"x"',
    '[1,"toString"]',
  ]) {
    const got = await unpackCard(await deflateText(plain));
    expect(got.ok, plain).toBe(false);
  }
  const future = await unpackCard(await deflateText('[2,"f"]'));
  expect(!future.ok && future.error.message).toContain('newer');
});
