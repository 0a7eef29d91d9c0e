import { expect, test } from 'vitest';
import { sourceHost } from './view_source.ts';

const ORIGIN = 'https://example.org';

test('only the page’s own site may be read', () => {
  expect(sourceHost('https://example.org/sae/', ORIGIN)).toEqual({ name: 'example.org', allowed: true });
  expect(sourceHost('https://elsewhere.net/sae/', ORIGIN)).toEqual({ name: 'elsewhere.net', allowed: false });
  expect(sourceHost('https://example.org:8443/', ORIGIN).allowed).toBe(false);
  expect(sourceHost('hf:owner/name', ORIGIN)).toEqual({ name: 'huggingface.co', allowed: false });
});
