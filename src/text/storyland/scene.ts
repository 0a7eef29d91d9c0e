import type { Rng } from '#base/rng.ts';
import { madeUpWord } from './made_up.ts';
import { TOPICS, type Topic } from './topics.ts';
import { HE_NAMES, LISTS, NAMES } from './words.ts';

/** One document of Storyland. From `copyFrom` on the text repeats what stands before. */
export interface StorylandDocument {
  readonly kind: string;
  readonly text: string;
  readonly copyFrom?: number;
  /** Where words begin (their space) that only the context tells: answers. Training may weigh them more. */
  readonly answers?: readonly number[];
}

/** Stands in a writer's text before the space of an answer; documents come without it. */
export const ANSWER_MARK = '\u0001';

/** Writes the text of one document of its kind. */
export type Writer = (scene: Scene) => string;

/** What one document is about and where its chance comes from. */
export interface Scene {
  readonly rng: Rng;
  readonly topic: Topic;
  /** True in the few documents whose names and nouns are made up, so that fallback pieces are trained. */
  readonly invented: boolean;
}

/** A person of a document with the pronouns that belong to the name. */
export interface Person {
  readonly name: string;
  readonly he: string;
  readonly him: string;
  readonly his: string;
}

/** A scene whose topic is drawn; `inventedShare` of the scenes use made-up names. */
export function drawScene(rng: Rng, inventedShare: number): Scene {
  return { rng, topic: pick(rng, TOPICS), invented: rng.uniform() < inventedShare };
}

/** One entry of the list, all equally likely. */
export function pick<T>(rng: Rng, list: readonly T[]): T {
  return list[rng.int(list.length)] as T;
}

/** `count` different entries of the list in random order. */
export function sample<T>(rng: Rng, list: readonly T[], count: number): T[] {
  const rest = [...list];
  const out: T[] = [];
  while (out.length < count && rest.length > 0) out.push(rest.splice(rng.int(rest.length), 1)[0] as T);
  return out;
}

/** True with probability p. */
export function chance(rng: Rng, p: number): boolean {
  return rng.uniform() < p;
}

/** `count` people with different names. */
export function people(scene: Scene, count: number): Person[] {
  const { rng } = scene;
  const names = scene.invented
    ? Array.from({ length: count }, () => capital(madeUpWord(rng)))
    : sample(rng, NAMES, count);
  return names.map((name) => {
    const he = scene.invented ? chance(rng, 0.5) : HE_NAMES.includes(name);
    return he ? { name, he: 'he', him: 'him', his: 'his' } : { name, he: 'she', him: 'her', his: 'her' };
  });
}

/** The word with a capital first letter. */
export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** "a boat", "an anchor". */
export function withArticle(word: string): string {
  return `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`;
}

/** The words of a slot: a field of the topic, else a list without topic. */
export function slotWords(topic: Topic, slot: string): readonly string[] {
  switch (slot) {
    case 'noun':
      return topic.nouns;
    case 'person':
      return topic.people;
    case 'verb':
      return topic.verbs;
    case 'adj':
      return topic.adjectives;
    case 'place':
      return topic.places;
    case 'name':
      return NAMES;
    default:
      return LISTS[slot] ?? [];
  }
}

/**
 * The template with its slots filled: `{A}` from `fixed`, `{noun}` drawn afresh, `{a noun}` and `{A noun}` with its article.
 * A slot that is in neither is a mistake in the template and throws.
 */
export function fill(scene: Scene, template: string, fixed: Readonly<Record<string, string>> = {}): string {
  return template.replace(/\{([aA] )?(\w+)\}/g, (_, article: string | undefined, slot: string) => {
    const word = fixed[slot] ?? drawWord(scene, slot);
    if (!article) return word;
    return article === 'A ' ? capital(withArticle(word)) : withArticle(word);
  });
}

/** A random template of the list, filled. */
export function write(
  scene: Scene,
  templates: readonly string[],
  fixed: Readonly<Record<string, string>> = {},
): string {
  return fill(scene, pick(scene.rng, templates), fixed);
}

function drawWord(scene: Scene, slot: string): string {
  if (scene.invented && slot === 'noun' && chance(scene.rng, 0.5)) return madeUpWord(scene.rng);
  const list = slotWords(scene.topic, slot);
  if (list.length === 0) throw new Error(`storyland: a template has the unknown slot {${slot}}`);
  return pick(scene.rng, list);
}
