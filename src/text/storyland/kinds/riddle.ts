import { mark, plain } from '../marks.ts';
import { fill, pick, type Scene, sample } from '../scene.ts';
import { say, theme, themes } from './parts.ts';

/** A riddle: a person or a thing of the topic is described, guessed wrongly and then named. */
export function riddle(scene: Scene): string {
  const { rng } = scene;
  const [answer, wrong] = themes(scene, 'person', 2) as [string, string];
  const noun = theme(scene, 'noun');
  const slots = { noun, answer, wrong };
  const clues = sample(
    rng,
    [
      'I know the {place}.',
      'I have {a noun}.',
      'I {verb} the {noun}.',
      'I am often {adj}.',
      'You find me near the {place}.',
      'I work with {a noun}.',
    ],
    2 + rng.int(2),
  );
  const end = say(
    scene,
    [
      'Who am I? Not the {wrong}. I am the {answer} with the ={noun}.',
      'Are you {a wrong}? No, I am {a answer}, and this is my ={noun}.',
      'Guess my name! The {wrong}? No, the {answer}!',
    ],
    slots,
  );
  const head = pick(rng, ['A riddle:', 'Riddle:', 'Who am I?']);
  const text = `${head} ${clues.map((c) => fill(scene, c, slots)).join(' ')} ${mark('part', 'answer', end)}`;
  return mark('answer', plain(answer), text);
}
