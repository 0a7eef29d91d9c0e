import { expect, test } from 'vitest';
import { makeRng, type Rng } from '#base/rng.ts';
import { decodeView, encodeView, MAX_PROMPT_BYTES, VIEW_DEFAULTS } from './codec.ts';
import type { ViewKind, ViewRef } from './view_ref.ts';

const ALPHABET = [
  'a',
  'Z',
  '0',
  ' ',
  '\n',
  '&',
  '=',
  '#',
  '%',
  '+',
  '?',
  '.',
  "'",
  '(',
  ')',
  '😀',
  'ש',
  'ä',
  '\u0000',
  '"',
];
const pick = <T>(rng: Rng, list: readonly T[]): T => list[rng.int(list.length)] as T;
const text = (rng: Rng, max: number): string =>
  Array.from({ length: rng.int(max) }, () => pick(rng, ALPHABET)).join('');
const id = (rng: Rng): string =>
  Array.from({ length: 22 + rng.int(10) }, () => pick(rng, [...'abcXYZ019-_'])).join('');
const maybe = <T>(rng: Rng, value: T): T | undefined => (rng.int(2) ? value : undefined);

function randomFields(rng: Rng, kind: ViewKind): object {
  const prompt = { prompt: maybe(rng, text(rng, 60)), position: maybe(rng, rng.int(128)) };
  switch (kind) {
    case 'load':
      return {};
    case 'prompt':
      return {
        ...prompt,
        feature: maybe(rng, rng.int(4096)),
        sort: maybe(rng, pick(rng, ['act', 'density', 'index'])),
        edit: maybe(rng, pick(rng, ['ablate', 'scale:0', 'clamp:4.5', `add:${rng.normal()}`])),
        editAt: maybe(rng, pick(rng, ['all', '3', '3,7,11'])),
        panel: maybe(rng, pick(rng, ['next', 'patterns', 'edit'])),
      };
    case 'feature':
      return {
        ...prompt,
        feature: rng.int(4096),
        snippet: maybe(rng, pick(rng, ['stacked', 'snippet', 'full'])),
        bin: maybe(rng, rng.int(50)),
      };
    case 'features':
      return {
        sort: maybe(rng, pick(rng, ['feature', 'density', 'maxAct', 'headShare', 'effect', 'tracks'])),
        desc: maybe(rng, rng.int(2)),
        minDensity: maybe(rng, rng.uniform() * 1e-4),
        maxDensity: maybe(rng, rng.uniform()),
        promotes: maybe(rng, text(rng, 12)),
      };
    case 'train':
      return {
        run: maybe(rng, id(rng)),
        variant: maybe(rng, 'batch_topk'),
        job: maybe(rng, `site:blocks.0.attn.hook_z,d_sae:${rng.int(9999)},lr:1e-3`),
        smooth: maybe(rng, rng.uniform() * 0.99),
      };
  }
}

function randomView(rng: Rng): ViewRef {
  const kind = pick(rng, ['load', 'prompt', 'feature', 'features', 'train'] as const);
  return {
    kind,
    model: maybe(rng, pick(rng, ['embedded', id(rng)])),
    sae: maybe(rng, id(rng)),
    source: maybe(rng, pick(rng, ['hf:owner/name@main', 'https://example.org/a?b=c&d#e'])),
    card: maybe(rng, id(rng)),
    embed: maybe(rng, 1),
    tour: maybe(rng, pick(rng, ['induction', 'dead-feature'])),
    ...randomFields(rng, kind),
  } as ViewRef;
}

/** What a view means: no undefined fields, no field that only repeats its default. */
function meaning(view: ViewRef): Record<string, unknown> {
  const defaults: Record<string, unknown> = {
    model: VIEW_DEFAULTS.model,
    sort: view.kind === 'prompt' ? VIEW_DEFAULTS.tokenSort : undefined,
    snippet: VIEW_DEFAULTS.snippet,
    desc: VIEW_DEFAULTS.desc,
    smooth: VIEW_DEFAULTS.smooth,
  };
  return Object.fromEntries(Object.entries(view).filter(([k, v]) => v !== undefined && v !== defaults[k]));
}

test('a thousand random views come back from their links as they were', () => {
  const rng = makeRng('codec/views');
  for (let i = 0; i < 1000; i++) {
    const view = randomView(rng);
    const { hash } = encodeView(view);
    const back = decodeView(hash);
    if (!back.ok) throw back.error;
    expect(back.view).toEqual(meaning(view));
    expect(encodeView(back.view).hash).toBe(hash);
  }
});

test('a link made by the first version stays readable', () => {
  const hash =
    '#/v1/prompt?at=3%2C7&c=q1YqSyzKTMxJVbJSMlTSAQA&e=scale%3A0&embed=1&f=17&m=AAAAAAAAAAAAAAAAAAAAAA&p=Mary+gave+%F0%9F%8D%8E%0Ato+John%2E&panel=edit&s=BBBBBBBBBBBBBBBBBBBBBB&sort=density&t=4&u=hf%3Aowner%2Fname%40main';
  const back = decodeView(hash);
  expect(back).toEqual({
    ok: true,
    view: {
      kind: 'prompt',
      model: 'AAAAAAAAAAAAAAAAAAAAAA',
      sae: 'BBBBBBBBBBBBBBBBBBBBBB',
      source: 'hf:owner/name@main',
      card: 'q1YqSyzKTMxJVbJSMlTSAQA',
      embed: 1,
      prompt: 'Mary gave 🍎\nto John.',
      position: 4,
      feature: 17,
      sort: 'density',
      edit: 'scale:0',
      editAt: '3,7',
      panel: 'edit',
    },
  });
  if (back.ok) expect(encodeView(back.view).hash).toBe(hash);
});

test('bad links give one sentence and no throw', () => {
  const bad = [
    '#/v2/prompt?p=x',
    '#/v1/circuit',
    '#/v1/feature',
    '#/v1/feature?f=-1',
    '#/v1/feature?f=1e9999',
    '#/v1/prompt?p=%E2%8',
    '#/v1/prompt?f',
    '#/v1/prompt?u=javascript:alert(1)',
    '#/v1/prompt?u=https://user:pw@example.org/',
    '#/v1/prompt?m=short',
    '#/v0/prompt',
    '#/v1/__proto__?f=1',
    '#<script>',
    `#/v1/prompt?p=${'a'.repeat(300_000)}`,
    `#/v1/prompt?${'f=1&'.repeat(100)}`,
  ];
  for (const hash of bad) {
    const got = decodeView(hash);
    expect(got.ok, hash.slice(0, 60)).toBe(false);
    if (!got.ok) expect(got.error.message).toMatch(/^[^\n]{10,200}$/);
  }
  const future = decodeView('#/v2/prompt');
  expect(!future.ok && future.error.message).toContain('newer Headlight');
});

test('unknown keys are ignored and prototypes are not touched', () => {
  const got = decodeView('#/v1/prompt?__proto__=1&constructor=2&p=hi&zz=%%%');
  expect(got).toEqual({ ok: true, view: { kind: 'prompt', prompt: 'hi' } });
});

test('decode survives twenty thousand mutilated links', () => {
  const rng = makeRng('codec/fuzz');
  for (let i = 0; i < 20_000; i++) {
    const { hash } = encodeView(randomView(rng));
    const at = rng.int(hash.length);
    const damaged =
      rng.int(2) === 0
        ? hash.slice(0, at)
        : hash.slice(0, at) + pick(rng, ALPHABET) + hash.slice(at + rng.int(3));
    const got = decodeView(damaged);
    if (got.ok) encodeView(got.view);
  }
});

test('a prompt over 6 kB is left out and the note says so', () => {
  const long = encodeView({ kind: 'prompt', prompt: 'ä'.repeat(MAX_PROMPT_BYTES / 2 + 1) });
  expect(long.hash).toBe('#/v1/prompt');
  expect(long.note).toContain('6 kB');
  const fits = encodeView({ kind: 'prompt', prompt: 'ä'.repeat(MAX_PROMPT_BYTES / 2) });
  expect(fits.note).toBeUndefined();
  expect(decodeView(fits.hash).ok).toBe(true);
});

test('an empty prompt and a lone surrogate have links', () => {
  expect(decodeView(encodeView({ kind: 'prompt', prompt: '' }).hash)).toEqual({
    ok: true,
    view: { kind: 'prompt', prompt: '' },
  });
  expect(decodeView(encodeView({ kind: 'prompt', prompt: 'a\ud800b' }).hash)).toEqual({
    ok: true,
    view: { kind: 'prompt', prompt: 'a\ufffdb' },
  });
});
