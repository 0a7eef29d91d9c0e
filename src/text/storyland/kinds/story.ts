import { mark } from '../marks.ts';
import { chance, people, pick, type Scene, write } from '../scene.ts';
import { personSlots, theme } from './parts.ts';

const OPENINGS = [
  'Once upon a time, there was {a adj} {person} named {A}.',
  'There was once {a size} {animal} that lived with {A}.',
  '{A} lived near the {place} with {his} {relative}.',
  'Long ago, {a feeling} {person} named {A} lived by the {place}.',
  'One {season} {time}, {A} went to the {place}.',
  'In a small town lived a child called {A}.',
  '{A} had {a colour} {toy} and {a adj} {noun}.',
  'It was a {weather} {time} when {A} came to the {place}.',
];

const STEPS = [
  '{A} {finding} {a adj} {noun} in the {place}.',
  '{He} {verb} the {noun} and {verb} it again.',
  '{A} {liking} the {noun} because it was {adj}.',
  '{He} {moving} to the {place} with {his} {relative}.',
  'The {person} {verb} the {noun} for {A}.',
  '{His} {relative} gave {him} {a gift}.',
  '{He} put the {noun} in {his} {room}.',
  'The {noun} fell on {his} {body}.',
  '{He} was {feeling} because {he} could not find the {noun}.',
  '{A} told the {person} about {his} {animal}.',
  'At {hour} {he} {moving} {adverb} back to the {place}.',
  'Under the {noun} was {a colour} {gift}.',
  '{He} asked the {person} for {a noun}, but the {person} had none.',
  '{A} ate {food} and drank some {drink}.',
  'Then the {sky} came over the {place}.',
  '{He} spoke {manner} to the {person}.',
];

const WITH_FRIEND = [
  '{A} met {B} near the {place}.',
  '{B} was a friend of the {person}.',
  '{B} {finding} the {noun} of {A}.',
  '{A} and {B} {verb} the {noun} together.',
  '{B} wanted to help {A}.',
  '{A} was {feeling}, but {B} was {feeling}.',
  'They {moving} to the {place} and {verb} the {noun}.',
  '{B} said that {A} was {feeling}.',
];

const ENDINGS = [
  'In the end, {A} was {feeling} and went home.',
  'From that day on, {A} {liking} the {place}.',
  'At last {he} slept, and the {noun} was safe.',
  '{A} never saw the {noun} again.',
  'And so {A} and the {person} became friends.',
  'That {time} {A} dreamed of the {noun}.',
];

/** A story: one or two people come back by name and by pronoun, and things come back too. */
export function story(scene: Scene): string {
  const { rng } = scene;
  const [a, b] = people(scene, 2);
  if (!a || !b) return '';
  const thing = theme(scene, 'noun');
  const fixed: Record<string, string> = {
    ...personSlots(a),
    B: b.name,
  };
  const lines = [write(scene, OPENINGS, fixed)];
  const steps = 2 + rng.int(4);
  const friend = chance(rng, 0.5);
  for (let i = 0; i < steps; i++) {
    const slots = chance(rng, 0.5) ? { ...fixed, noun: thing } : fixed;
    lines.push(write(scene, friend && chance(rng, 0.5) ? WITH_FRIEND : STEPS, slots));
  }
  if (chance(rng, 0.6)) lines.push(write(scene, ENDINGS, { ...fixed, noun: thing }));
  return mark('hero', a.name, lines.join(pick(rng, [' ', ' ', ' ', '\n'])));
}
