import { mark, plain } from '../marks.ts';
import type { Scene } from '../scene.ts';
import { say, theme, themes } from './parts.ts';

/** Two or three entries of a dictionary of the topic; a made-up word may be explained and used again. */
export function definition(scene: Scene): string {
  const { rng } = scene;
  const nouns = themes(scene, 'noun', 2 + rng.int(2));
  return nouns
    .map((noun) => {
      const slots = { x: noun, other: theme(scene, 'noun') };
      const line = say(
        scene,
        [
          'Word: {x} (noun), {a size} thing of {material}, seen near the {place}.',
          'Word: {x} (noun), what {a person} needs at the {place}.',
          'Word: {x} (noun), it is {adj} and made of {material}.',
          'Word: {x} (noun), {a adj} thing, next to the {other}.',
        ],
        slots,
      );
      const use = say(
        scene,
        [
          'Example: the {person} {verb} the ={x}.',
          'Example: {a adj} {x} for the {person}.',
          'Example: no ={x} without {a other}.',
        ],
        slots,
      );
      return mark('main', plain(noun), `${line} ${mark('part', 'example', use)}`);
    })
    .join('\n');
}
