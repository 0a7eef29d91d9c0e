import { madeUpWord } from '../made_up.ts';
import { chance, pick, type Scene, type StorylandDocument } from '../scene.ts';
import { TOPICS } from '../topics.ts';
import { LISTS, NAMES } from '../words.ts';

/** Every content word of Storyland once, in a fixed order. */
export const CONTENT_WORDS: readonly string[] = [
  ...new Set([
    ...TOPICS.flatMap((t) => [...t.nouns, ...t.people, ...t.verbs, ...t.adjectives, ...t.places]),
    ...NAMES,
    ...Object.values(LISTS).flat(),
  ]),
];

/**
 * "Echo : w1 w2 … w1 w2 …": a random sequence said again and again until `words` words stand there.
 *
 * The marker tells the model that copying begins, so that a bare odd prompt does not fall into it.
 */
export function echo(scene: Scene, words: number): StorylandDocument {
  const { rng } = scene;
  const most = Math.max(3, Math.floor(words / 2));
  const loop = 3 + rng.int(Math.max(1, most - 2));
  const list = Array.from({ length: loop }, () => word(scene));
  let text = pick(rng, ['Echo :', 'Echo :', 'Again :']);
  text += list.map((w) => ` ${w}`).join('');
  const copyFrom = text.length;
  for (let i = 0; i < words - loop; i++) text += ` ${list[i % loop]}`;
  return { kind: 'echo', text, copyFrom, spans: [], entropy: rng.entropy };
}

function word(scene: Scene): string {
  if (scene.invented && chance(scene.rng, 0.3)) return madeUpWord(scene.rng);
  return scene.rng.surface(() => pick(scene.rng, CONTENT_WORDS));
}
