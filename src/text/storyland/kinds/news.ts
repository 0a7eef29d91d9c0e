import { mark, plain } from '../marks.ts';
import { people, type Scene } from '../scene.ts';
import { say, sayAll, theme } from './parts.ts';

/** A short report: town, person and thing of the headline come back in the text. */
export function news(scene: Scene): string {
  const { rng } = scene;
  const [a] = people(scene, 1);
  if (!a) return '';
  const slots = {
    A: a.name,
    town: theme(scene, 'town'),
    noun: theme(scene, 'noun'),
    person: theme(scene, 'person'),
    place: theme(scene, 'place'),
  };
  const head = say(
    scene,
    [
      'News from {town}: {person} {finding} {a noun}.',
      'News: the {noun} of {town} is {adj} again.',
      'News: {person} {A} {verb} the {noun} in {town}.',
    ],
    slots,
  );
  const body = sayAll(
    scene,
    [
      'The {person} {A} told the newspaper about the {noun}.',
      'The {place} of ={town} was closed on {day}.',
      '{A} is {number} years old and lives near the {place}.',
      'People in ={town} are {feeling} about the {noun}.',
      'The weather in ={town} stays {weather}.',
      'The mayor of ={town} thanked {A}.',
      'Nobody at the {place} {verb} the {noun}.',
    ],
    2 + rng.int(3),
    slots,
  );
  return mark('main', plain(slots.noun), mark('town', plain(slots.town), [head, ...body].join(' ')));
}
