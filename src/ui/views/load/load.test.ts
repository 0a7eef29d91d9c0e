import { expect, test } from 'vitest';
import { guessKind } from './dropped.ts';
import { saeGpuBytes } from './sizes.ts';

test('a folder with cfg.json is an SAE, one with config.json a model, anything else is asked about', () => {
  expect(guessKind(['cfg.json', 'sae_weights.safetensors'])).toBe('sae');
  expect(guessKind(['config.json', 'model.safetensors'])).toBe('model');
  expect(guessKind(['model.safetensors'])).toBe('unknown');
  expect(guessKind(['sub/cfg.json'])).toBe('sae');
});

test('an SAE takes both matrices and both biases on the GPU', () => {
  expect(saeGpuBytes({ d_in: 2, d_sae: 3 })).toBe(4 * (6 + 6 + 2 + 3));
});
