import { fill, type Scene, sample, write } from '../scene.ts';

/** Two or three entries of a dictionary of the topic; a made-up word may be explained and used again. */
export function definition(scene: Scene): string {
  const { rng } = scene;
  const nouns = sample(rng, scene.topic.nouns, 2 + rng.int(2));
  return nouns
    .map((noun) => {
      const slots = { x: noun, other: fill(scene, '{noun}') };
      const line = write(
        scene,
        [
          'Word: {x} (noun), {a size} thing of {material}, seen near the {place}.',
          'Word: {x} (noun), what {a person} needs at the {place}.',
          'Word: {x} (noun), it is {adj} and made of {material}.',
          'Word: {x} (noun), {a adj} thing, next to the {other}.',
        ],
        slots,
      );
      const use = write(
        scene,
        [
          'Example: the {person} {verb} the {x}.',
          'Example: {a adj} {x} for the {person}.',
          'Example: no {x} without {a other}.',
        ],
        slots,
      );
      return `${line} ${use}`;
    })
    .join('\n');
}
