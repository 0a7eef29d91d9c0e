import { afterEach, expect, test } from 'vitest';
import { useApp } from './state/store.ts';
import { linkTo, openLink, startUrl } from './url.ts';

const initial = useApp.getState();
afterEach(() => {
  useApp.setState(initial, true);
  history.replaceState(undefined, '', '#');
});

test('a good link opens its view, whether whole or only its end', () => {
  expect(openLink(useApp, 'https://x.org/a/#/v1/prompt?p=hello&t=2')).toBe(true);
  expect(useApp.getState().view).toMatchObject({ kind: 'prompt', prompt: 'hello', position: 2 });
  expect(openLink(useApp, '#/v1/train')).toBe(true);
  expect(useApp.getState().view.kind).toBe('train');
});

test('a bad link leaves the view and says why in one sentence', () => {
  useApp.getState().go({ kind: 'load' });
  for (const bad of ['#/v9/prompt', '#/v1/nowhere', '#/v1/feature?f=x', '#garbage', '#/v1/prompt?t=-1']) {
    useApp.setState({ linkError: undefined });
    expect(openLink(useApp, bad), bad).toBe(false);
    expect(useApp.getState().view.kind).toBe('load');
    expect(useApp.getState().linkError?.code).toBe('share-link');
  }
});

test('no link is no error', () => {
  expect(openLink(useApp, '')).toBe(true);
  expect(openLink(useApp, '#')).toBe(true);
  expect(useApp.getState().linkError).toBeUndefined();
});

test('a link made from a view opens the same view', () => {
  const view = { kind: 'prompt', prompt: ' two  spaces\n↵', position: 3, panel: 'patterns' } as const;
  expect(openLink(useApp, linkTo(view).link)).toBe(true);
  expect(useApp.getState().view).toEqual(view);
});

test('the address follows the view: a step makes an entry, typing replaces it', async () => {
  startUrl();
  const before = history.length;
  useApp.getState().go({ kind: 'train' });
  expect(location.hash).toBe('#/v1/train');
  useApp.getState().go({ kind: 'prompt', prompt: 'a' });
  expect(history.length).toBe(before + 2);
  useApp.getState().patchView('prompt', { prompt: 'ab' });
  useApp.getState().patchView('prompt', { prompt: 'abc' });
  await expect.poll(() => location.hash).toBe('#/v1/prompt?p=abc');
  expect(history.length).toBe(before + 2);
  history.back();
  await expect.poll(() => useApp.getState().view.kind).toBe('train');
});
