import { expect, test } from 'vitest';
import { type Ability, readAbilities } from './ability.ts';

const GOOD: Ability = {
  ...{ key: 'induction', label: 'random words', clean: 0.3, spliced: 5.2, n: 400 },
  ...{ unit: 'nats', better: 'lower', definition: 'Mean of −log p.' },
};

test('what is no ability is left out of a file, what is one is kept', () => {
  const { spliced: _, ...clean } = GOOD;
  const bad = [
    null,
    'induction',
    { ...GOOD, clean: '0.3' },
    { ...GOOD, clean: Number.NaN },
    { ...GOOD, spliced: null },
    { ...GOOD, unit: 'bits' },
    { ...GOOD, better: undefined },
    { ...GOOD, definition: 'x'.repeat(1001) },
  ];
  expect(readAbilities([GOOD, ...bad, clean])).toEqual([GOOD, clean]);
  for (const none of [undefined, {}, [], [bad[1]]]) expect(readAbilities(none)).toBeUndefined();
});
