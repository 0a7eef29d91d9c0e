import { mark, plain } from '../marks.ts';
import { pick, type Scene } from '../scene.ts';
import { say, sayAll, theme, themes } from './parts.ts';

/** A recipe: what is listed first is cut, cooked and served below, and the dish keeps its name. */
export function recipe(scene: Scene): string {
  const { rng } = scene;
  const [main, second, third] = themes(scene, 'ingredient', 3) as [string, string, string];
  const slots = { main, second, third, dish: mark('part', 'dish', `${main} ${theme(scene, 'food')}`) };
  const steps = sayAll(
    scene,
    [
      'Cut the ={main} and the ={second}.',
      'Cook the ={main} with the {third} for {number} minutes.',
      'Add the ={second} to the pot.',
      'Mix the ={third} with the {second}.',
      'Wash the ={main} in cold water.',
      'Heat the ={third} in a pan.',
      'Stir the ={main} {adverb}.',
    ],
    3 + rng.int(3),
    slots,
  );
  const head = say(
    scene,
    [
      'Recipe for {dish}: {main}, {second} and {third}.',
      'To make {dish} you need {main}, {second} and {third}.',
      'This {dish} is made of {main}, {second} and {third}.',
    ],
    slots,
  );
  const end = say(
    scene,
    ['Serve the ={dish} with {drink}.', 'Eat the ={dish} warm.', 'Put the ={dish} on the table.'],
    slots,
  );
  return mark('main', plain(main), [head, ...steps, end].join(pick(rng, [' ', '\n'])));
}
