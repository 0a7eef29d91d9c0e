import { madeUpWord } from '../made_up.ts';
import { ANSWER_MARK, mark } from '../marks.ts';
import {
  capital,
  chance,
  fill,
  type Person,
  pick,
  type Scene,
  sample,
  slotted,
  slotWords,
  withArticle,
} from '../scene.ts';

/** Word lists that belong to one kind alone, by slot name; the words of a list differ. */
export type Lists = Readonly<Record<string, readonly string[]>>;

/** What a template needs beyond the words of the topic. */
export type Slots = Readonly<Record<string, string>>;

/** A person as slots: the name under `slot`, the pronouns under he, him, his, He and His. */
export function personSlots({ name, he, him, his }: Person, slot = 'A'): Slots {
  return { [slot]: name, he, him, his, He: capital(he), His: capital(his) };
}

/** A word of the slot, marked, that a document may or may not name: a hidden draw. */
export function theme(scene: Scene, slot: string): string {
  return themes(scene, slot, 1)[0] as string;
}

/** `count` different words of the slot, marked, as hidden draws; in a made-up scene nouns may be made up. */
export function themes(scene: Scene, slot: string, count: number): string[] {
  const { rng, topic, invented } = scene;
  return sample(rng, slotWords(topic, slot), count).map((word) =>
    slotted(slot, invented && slot === 'noun' && chance(rng, 0.5) ? madeUpWord(rng) : word),
  );
}

/**
 * A random template of the list, filled. ` ={x}` is a slot that only the context tells: an answer begins there. Slots of
 * `lists` are drawn from them as surface words.
 */
export function say(
  scene: Scene,
  templates: readonly string[],
  slots: Slots = {},
  lists: Lists = {},
): string {
  return render(scene, pick(scene.rng, templates), slots, lists);
}

/** `count` different templates of the list in random order, each filled as `say` does. */
export function sayAll(
  scene: Scene,
  templates: readonly string[],
  count: number,
  slots: Slots = {},
  lists: Lists = {},
): string[] {
  return sample(scene.rng, templates, count).map((template) => render(scene, template, slots, lists));
}

/** The template filled; see `say`. */
export function render(scene: Scene, template: string, slots: Slots, lists: Lists = {}): string {
  const own = template
    .replaceAll(' ={', `${ANSWER_MARK} {`)
    .replace(/^=/, '')
    .replace(/\{([aA] )?(\w+)\}/g, (whole, article, slot) => {
      const list = slot in slots ? undefined : lists[slot];
      if (!list) return whole;
      const word = mark(
        'slot',
        slot,
        scene.rng.surface(() => pick(scene.rng, list)),
      );
      if (!article) return word;
      return article === 'A ' ? capital(withArticle(word)) : withArticle(word);
    });
  return fill(scene, own, slots);
}
