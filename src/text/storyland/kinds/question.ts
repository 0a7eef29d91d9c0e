import { ANSWER_MARK, mark, plain } from '../marks.ts';
import { fill, people, pick, type Scene, sample, slotWords } from '../scene.ts';

/** A question with its answer; `text` ends just before the space of the answer. */
export interface QuestionPrompt {
  readonly text: string;
  readonly answer: string;
}

const FACTS: readonly {
  readonly pool: string;
  readonly fact: readonly string[];
  readonly ask: string;
  readonly back: string;
}[] = [
  {
    pool: 'place',
    fact: ['{A} lives near the {x}.', '{A} works at the {x}.'],
    ask: 'Where is {A}? {A} is at the',
    back: 'Who is at the {x}? It is',
  },
  {
    pool: 'noun',
    fact: ['{A} has the {x}.', '{A} took the {x}.'],
    ask: 'What does {A} have? {A} has the',
    back: 'Who has the {x}? It is',
  },
  {
    pool: 'colour',
    fact: ['{A} has {a x} hat.', 'The hat of {A} is {x}.'],
    ask: 'What colour is the hat of {A}? It is',
    back: 'Whose hat is {x}? The hat of',
  },
  {
    pool: 'food',
    fact: ['{A} likes {x}.', '{A} eats {x}.'],
    ask: 'What does {A} like? {A} likes',
    back: 'Who likes {x}? It is',
  },
  {
    pool: 'animal',
    fact: ['The {x} of {A} is {adj}.', '{A} has {a x} at home.'],
    ask: 'Which animal has {A}? {A} has the',
    back: 'Whose animal is the {x}? It belongs to',
  },
  {
    pool: 'job',
    fact: ['{A} is {a x} in {town}.', 'The {x} is called {A}.'],
    ask: 'What is the work of {A}? {A} is the',
    back: 'Who is the {x}? It is',
  },
];

/** Two or three facts, then questions whose answers stand only in the facts. */
export function question(scene: Scene): string {
  const { prompt, tail } = parts(scene);
  return `${prompt.text}${ANSWER_MARK} ${prompt.answer}.${tail}`;
}

/** A fresh question for evaluation. */
export function questionPrompt(scene: Scene): QuestionPrompt {
  const { text, answer } = parts(scene).prompt;
  return { text: plain(text), answer: plain(answer) };
}

function parts(scene: Scene): { prompt: QuestionPrompt; tail: string } {
  const { rng } = scene;
  const count = 2 + rng.int(2);
  const cast = people(scene, count);
  const form = pick(rng, FACTS);
  const values = sample(rng, slotWords(scene.topic, form.pool), count);
  const facts = cast.map((p, i) =>
    fill(scene, pick(rng, form.fact), { A: p.name, x: mark('slot', form.pool, values[i] as string) }),
  );
  const askOf = (i: number): QuestionPrompt => {
    const slots = { A: cast[i]?.name as string, x: mark('slot', form.pool, values[i] as string) };
    return rng.chance(0.5)
      ? { text: fill(scene, form.ask, slots), answer: slots.x }
      : { text: fill(scene, form.back, slots), answer: mark('slot', 'name', slots.A) };
  };
  const order = sample(
    rng,
    cast.map((_, i) => i),
    count,
  );
  const first = askOf(order[0] as number);
  const second = askOf(order[1] as number);
  const tail = rng.chance(0.5) ? `\nQuestion: ${second.text}${ANSWER_MARK} ${second.answer}.` : '';
  return { prompt: { text: `${facts.join(' ')}\nQuestion: ${first.text}`, answer: first.answer }, tail };
}
