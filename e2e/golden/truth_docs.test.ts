import { expect, test } from 'vitest';
import page from '../../docs/storyland.md?raw';
import { spliceSection, type TruthSummary, truthSection } from '../../scripts/train_saes/truth_docs.ts';
import committed from '../../scripts/train_saes/truth_summary.json';

const summary = committed as unknown as TruthSummary;

test('the truth section of docs/storyland.md is that of the committed summary', () => {
  expect(spliceSection(page, truthSection(summary))).toBe(page);
});

test('a value is captured above an F1 of 0.8, and every value is in one of the two lists', () => {
  const facts = [
    ['topic=sea', 1, 7, 0.81],
    ['topic=zoo', 1, 9, 0.8],
    ['topic=art', -1, -1, 0],
  ] as const;
  const [captured, missed] = truthSection({ ...summary, facts, common: [], rare: {} }).split(
    '### Not captured',
  );
  expect(captured).toContain('| `topic` | 1 of 3 | `sea` 1/7 0.81 |');
  expect(missed).toContain('| `topic` | 2 of 3 | `zoo` 1/9 0.80, `art` none |');
});

test('a page without markers is refused', () => {
  expect(() => spliceSection('# nothing', '')).toThrow('no <!-- truth:begin -->');
});
