import type { Rng } from '#base/rng.ts';
import { Draws, type Entropy } from './draws.ts';
import { madeUpWord } from './made_up.ts';
import { behindMarks, mark, plain, type Span } from './marks.ts';
import { TOPICS, type Topic } from './topics.ts';
import { HE_NAMES, LISTS, NAMES } from './words.ts';

/** One document of Storyland. From `copyFrom` on the text repeats what stands before. */
export interface StorylandDocument {
  readonly kind: string;
  readonly text: string;
  /** Id of the topic whose words the document uses; absent where no topic shows (`echo`). */
  readonly topic?: string;
  readonly copyFrom?: number;
  /** Where words begin (their space) that only the context tells: answers. Training may weigh them more. */
  readonly answers?: readonly number[];
  /** What the generator knows of stretches of the text. */
  readonly spans: readonly Span[];
  readonly entropy: Entropy;
}

/** Writes the marked text of one document of its kind (marks.ts). */
export type Writer = (scene: Scene) => string;

/** What one document is about and where its chance comes from. */
export interface Scene {
  readonly rng: Draws;
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
export function drawScene(rng: Rng | Draws, inventedShare: number): Scene {
  const draws = rng instanceof Draws ? rng : new Draws(rng);
  return { rng: draws, topic: pick(draws, TOPICS), invented: draws.chance(inventedShare) };
}

/** One entry of the list, all equally likely. */
export function pick<T>(rng: Draws, list: readonly T[]): T {
  return list[rng.int(list.length)] as T;
}

/** `count` different entries of the list in random order. */
export function sample<T>(rng: Draws, list: readonly T[], count: number): T[] {
  const rest = [...list];
  const out: T[] = [];
  while (out.length < count && rest.length > 0) out.push(rest.splice(rng.int(rest.length), 1)[0] as T);
  return out;
}

/** True with probability p. */
export function chance(rng: Draws, p: number): boolean {
  return rng.chance(p);
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

/** The word with a capital first letter; marks before it stay. */
export function capital(word: string): string {
  const [marks, rest] = behindMarks(word);
  return marks + rest.charAt(0).toUpperCase() + rest.slice(1);
}

/** "a boat", "an anchor". */
export function withArticle(word: string): string {
  return `${/^[aeiou]/.test(plain(word)) ? 'an' : 'a'} ${word}`;
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
 * Each filled slot is marked `slot`; a slot that is in neither is a mistake in the template and throws.
 */
export function fill(scene: Scene, template: string, fixed: Readonly<Record<string, string>> = {}): string {
  return template.replace(/\{([aA] )?(\w+)\}/g, (_, article: string | undefined, slot: string) => {
    const word = slotted(slot, fixed[slot] ?? drawWord(scene, slot));
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

/** Slots that hold a person's name: A, B, C as they come, D and S act, IO receives. */
const NAME_SLOTS: ReadonlySet<string> = new Set(['A', 'B', 'C', 'D', 'S', 'IO', 'name']);

/** Slots whose words come from the topic. */
const TOPIC_SLOTS: ReadonlySet<string> = new Set(['noun', 'person', 'verb', 'adj', 'place']);

/**
 * The word marked with the kind of its slot: names are `slot=name`, S and IO have a `role` too, pronouns are
 * `slot=pronoun`. A slot of the writer's own is left to the writer's own marks.
 */
export function slotted(slot: string, word: string): string {
  if (/^h(e|im|is)$/i.test(slot)) return mark('slot', 'pronoun', word);
  if (!NAME_SLOTS.has(slot)) return TOPIC_SLOTS.has(slot) || slot in LISTS ? mark('slot', slot, word) : word;
  const name = mark('slot', 'name', word);
  return slot === 'S' || slot === 'IO' ? mark('role', slot, name) : name;
}

function drawWord(scene: Scene, slot: string): string {
  const { rng } = scene;
  if (scene.invented && slot === 'noun' && chance(rng, 0.5)) return madeUpWord(rng);
  const list = slotWords(scene.topic, slot);
  if (list.length === 0) throw new Error(`storyland: a template has the unknown slot {${slot}}`);
  return rng.surface(() => pick(rng, list));
}
