import { fill, people, pick, type Scene, sample, slotWords, write } from '../scene.ts';

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
  const pool = pick(rng, [
    scene.topic.nouns,
    slotWords(scene.topic, 'gift'),
    slotWords(scene.topic, 'fruit'),
    slotWords(scene.topic, 'clothes'),
  ]);
  const items = sample(rng, pool, 3 + rng.int(4));
  const head = write(scene, HEADS, { A: a.name });
  const body = items.map((item) => `\n- ${fill(scene, '{a colour}')} ${item}`).join('');
  const tail = sample(rng, items, 2).map((x, i) =>
    i === 0 ? `\nThe ${x} was for ${a.name}.` : ` ${fill(scene, 'But {A} forgot the', { A: a.name })} ${x}.`,
  );
  return head + body + tail.join('');
}
