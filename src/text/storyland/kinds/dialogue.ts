import { chance, fill, people, pick, type Scene, write } from '../scene.ts';

const QUESTIONS = [
  'Where is the {noun}?',
  'Do you like the {place}?',
  'Can you help me with the {noun}?',
  'Why are you so {feeling}?',
  'Have you seen my {noun}?',
  'Who {verb} the {noun}?',
  'What did you do at the {place}?',
  'Is the {noun} {adj}?',
  'Did the {person} come on {day}?',
  'May I have some {food}?',
];

const REPLIES = [
  'It is near the {place}',
  'I {verb} it on {day}',
  'Yes, I {liking} it',
  'No, the {person} took it',
  'I am too {feeling}',
  'My {relative} has {a adj} {noun}',
  'We will go to the {place}',
  'Look at the {colour} {noun}',
  'You are very {feeling}',
  'The {noun} is {adj}',
  'I do not know',
  'Please wait for me',
  'Of course, my friend',
  'Let us ask the {person}',
];

/** Two people talk; quotation marks open and close with different characters, and names alternate. */
export function dialogue(scene: Scene): string {
  const { rng } = scene;
  const [a, b] = people(scene, 2);
  if (!a || !b) return '';
  const noun = pick(rng, scene.topic.nouns);
  const place = pick(rng, scene.topic.places);
  const turns = 2 + rng.int(4);
  const joint = pick(rng, [' ', '\n', ' ']);
  const lines: string[] = [];
  if (chance(rng, 0.5))
    lines.push(
      write(scene, ['{A} met {B} at the {place}.', 'At the {place} {A} saw {B}.'], {
        A: a.name,
        B: b.name,
        place,
      }),
    );
  for (let i = 0; i < turns; i++)
    lines.push(
      turn(scene, {
        speaker: i % 2 ? b.name : a.name,
        hearer: i % 2 ? a.name : b.name,
        question: i % 2 === 0 && i < turns - 1,
        noun,
        place,
      }),
    );
  return lines.join(joint);
}

interface Turn {
  readonly speaker: string;
  readonly hearer: string;
  readonly question: boolean;
  readonly noun: string;
  readonly place: string;
}

function turn(scene: Scene, t: Turn): string {
  const { rng } = scene;
  const slots = { place: t.place, ...(chance(rng, 0.6) && { noun: t.noun }) };
  const said = fill(scene, '{saying}');
  const call = chance(rng, 0.25) ? `, ${t.hearer}` : '';
  if (t.question) {
    const q = write(scene, QUESTIONS, slots);
    const text = call ? `${q.slice(0, -1)}${call}?` : q;
    return chance(rng, 0.5) ? `“${text}” asked ${t.speaker}.` : `${t.speaker} asked, “${text}”`;
  }
  const text = write(scene, REPLIES, slots) + call;
  return chance(rng, 0.5) ? `“${text},” ${said} ${t.speaker}.` : `${t.speaker} ${said}, “${text}.”`;
}
