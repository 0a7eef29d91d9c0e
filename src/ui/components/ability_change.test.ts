import { expect, test } from 'vitest';
import type { Ability } from '#engine/protocol/metrics.ts';
import { abilityChange, formatAbility } from './ability_change.ts';

const ability = (
  unit: Ability['unit'],
  better: Ability['better'],
  clean: number,
  spliced?: number,
): Ability => ({
  ...{ key: 'a', label: 'a', definition: 'a', n: 100, unit, better, clean },
  ...(spliced !== undefined && { spliced }),
});

test('an ability is judged in the direction that is better for it', () => {
  expect(abilityChange(ability('nats', 'lower', 0.26, 5.2))).toBe('lost');
  expect(abilityChange(ability('nats', 'lower', 0.26, 0.6))).toBe('weaker');
  expect(abilityChange(ability('nats', 'lower', 0.26, 0.3))).toBe('kept');
  expect(abilityChange(ability('nats', 'lower', 7.5, 7.3))).toBe('better');
  expect(abilityChange(ability('share', 'higher', 1, 0.5))).toBe('lost');
  expect(abilityChange(ability('share', 'higher', 0.98, 0.9))).toBe('weaker');
  expect(abilityChange(ability('probability', 'lower', 0.001, 0.3))).toBe('lost');
  expect(abilityChange(ability('probability', 'lower', 0.001, 0.01))).toBe('kept');
  expect(abilityChange(ability('share', 'higher', 0.9))).toBeUndefined();
});

test('figures carry their unit', () => {
  expect(formatAbility(5.2049, { unit: 'nats' })).toBe('5.20 nats');
  expect(formatAbility(0.9753, { unit: 'share' })).toBe('97.5%');
  expect(formatAbility(0.0004, { unit: 'probability' })).toBe('0.0%');
});
