import { fill, pick, type Scene, sample, slotWords, write } from '../scene.ts';

/** A recipe: what is listed first is cut, cooked and served below, and the dish keeps its name. */
export function recipe(scene: Scene): string {
  const { rng } = scene;
  const [main, second, third] = sample(rng, slotWords(scene.topic, 'ingredient'), 3);
  const dish = `${main} ${pick(rng, slotWords(scene.topic, 'food'))}`;
  const slots = { main: main as string, second: second as string, third: third as string, dish };
  const steps = sample(
    rng,
    [
      'Cut the {main} and the {second}.',
      'Cook the {main} with the {third} for {number} minutes.',
      'Add the {second} to the pot.',
      'Mix the {third} with the {second}.',
      'Wash the {main} in cold water.',
      'Heat the {third} in a pan.',
      'Stir the {main} {adverb}.',
    ],
    3 + rng.int(3),
  );
  const head = write(
    scene,
    [
      'Recipe for {dish}: {main}, {second} and {third}.',
      'To make {dish} you need {main}, {second} and {third}.',
      'This {dish} is made of {main}, {second} and {third}.',
    ],
    slots,
  );
  const end = write(
    scene,
    ['Serve the {dish} with {drink}.', 'Eat the {dish} warm.', 'Put the {dish} on the table.'],
    slots,
  );
  return [head, ...steps.map((s) => fill(scene, s, slots)), end].join(pick(rng, [' ', '\n']));
}
