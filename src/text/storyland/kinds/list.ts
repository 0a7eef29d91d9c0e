import { mark } from '../marks.ts';
import { fill, people, pick, type Scene, sample, write } from '../scene.ts';
import { render, themes } from './parts.ts';

const HEADS = [
  '{A} packed a bag for the {place}:',
  'Things to buy for {A}:',
  'At the {place} {A} needs:',
  'The list of {A} for {day}:',
];

/** A list of things, and a sentence or two that take things from it again. */
export function list(scene: Scene): string {
  const { rng } = scene;
  const [a] = people(scene, 1);
  if (!a) return '';
  const pool = pick(rng, ['noun', 'gift', 'fruit', 'clothes']);
  const items = themes(scene, pool, 3 + rng.int(4));
  const head = write(scene, HEADS, { A: a.name });
  const body = items.map((item) => `\n- ${fill(scene, '{a colour}')} ${item}`).join('');
  const tail = sample(rng, items, 2).map((x, i) =>
    i === 0
      ? `\n${render(scene, 'The ={x} was for ={A}.', { x, A: a.name })}`
      : ` ${render(scene, 'But ={A} forgot the ={x}.', { x, A: a.name })}`,
  );
  return head + mark('list', pool, body) + tail.join('');
}
