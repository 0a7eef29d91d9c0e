import { fill, people, type Scene, sample, slotWords, write } from '../scene.ts';

/** A diary of two or three days: the weather and one thing or person come back on the next day. */
export function diary(scene: Scene): string {
  const { rng } = scene;
  const [a] = people(scene, 1);
  if (!a) return '';
  const days = slotWords(scene.topic, 'day');
  const first = rng.int(days.length);
  let weather = fill(scene, '{weather}');
  const noun = fill(scene, '{noun}');
  const lines: string[] = [];
  for (let i = 0; i < 2 + rng.int(2); i++) {
    const day = days[(first + i) % days.length] as string;
    const before = weather;
    weather = fill(scene, '{weather}');
    const slots = { A: a.name, day, weather, before, noun };
    const head =
      i === 0
        ? write(scene, ['{day}, {month} {number}. It was {weather}.', '{day}. A {weather} day.'], slots)
        : write(
            scene,
            [
              '{day}. No longer {before}, but {weather}.',
              '{day}. Yesterday was {before}, today is {weather}.',
            ],
            slots,
          );
    const body = sample(
      rng,
      [
        'I {verb} the {noun} with {A}.',
        '{A} came to the {place}.',
        'I saw the {noun} again.',
        'I was {feeling}.',
        'We ate {food}.',
        '{A} talked about the {noun}.',
      ],
      2,
    );
    lines.push(`${head} ${body.map((line) => fill(scene, line, slots)).join(' ')}`);
  }
  return lines.join('\n');
}
