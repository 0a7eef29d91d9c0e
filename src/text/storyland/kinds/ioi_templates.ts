/** First sentences of an indirect-object document: they name {A} and {B}, never who acts next. */
export const LEADS: readonly string[] = [
  'When {A} and {B} went to the {place}, ',
  'After {A} and {B} came home from the {place}, ',
  'While {A} and {B} were walking to the {place}, ',
  'Yesterday {A} met {B} at the {place}. ',
  'One {time}, {A} and {B} sat near the {place}. ',
  'Then {A} and {B} had a long talk in the {room}. ',
  '{A} and {B} went to the {place} with {a noun}. ',
  'This {time} {A} was with {B} in the {room}. ',
  'For {number} years {A} and {B} were good friends. ',
  'Last {day}, {A} and {B} worked at the {place}. ',
  'In the {time}, {A} visited {B}. ',
  'At the {place} there were two friends, {A} and {B}. ',
  'Because {A} and {B} were {feeling}, they went to the {place}. ',
  'Before {A} and {B} left the {place}, ',
  'Once {A} and {B} lived near the {place}. ',
  'It was {weather} when {A} and {B} found {a noun}. ',
  'On {day} {A} saw {B} by the {place}. ',
  'As {A} and {B} looked at the {noun}, ',
  'On a {weather} {day}, {A} wanted to see {B}. ',
  'In {town} {A} lived with {B}. ',
  'The {person} saw {A} and {B} at the {place}. ',
  'Every {day} {A} and {B} played {game}. ',
  'Not far from the {place}, {A} and {B} were sitting on the grass. ',
  'Both {A} and {B} liked the {noun}. ',
  'Two children, {A} and {B}, came to the {place}. ',
  'In {month} {A} wrote to {B} about the {noun}. ',
];

/** Sentences that may stand between: they name nobody of the pair. */
export const BETWEEN: readonly string[] = [
  'The {place} was {adj}. ',
  'It was {a size} {noun}. ',
  'They {verb} the {noun}. ',
  'The {person} {verb} {a noun}. ',
  'There was {a adj} {noun} near the {place}. ',
  'They were very {feeling}. ',
  'The {time} was {weather}. ',
  'They had {number} {colour} bags. ',
  '{A animal} {finding} the {noun}. ',
  'They ate {food} and talked about the {noun}. ',
  'Nobody knew where the {noun} was. ',
  'The {person} was {feeling}. ',
];

/** Last sentences: {S} acts, and only the context tells who {IO} is. What follows {IO} is not part of a probe. */
export const FINALS: readonly string[] = [
  '{S} gave {a gift} to {IO}.',
  '{S} gave the {gift} to {IO}.',
  '{S} handed the {gift} to {IO} and smiled.',
  '{S} showed {a gift} to {IO}.',
  '{S} sent {a adj} {noun} to {IO}.',
  '{S} decided to give {a gift} to {IO}.',
  '{S} wanted to sell the {noun} to {IO}.',
  '{S} brought some {food} to {IO}.',
  '{S} said hello to {IO}.',
  '{S} read the {gift} to {IO}.',
  '{S} took the {gift} and gave it to {IO}.',
  '{S} had a present for {IO}.',
  '{S} bought {a gift} for {IO}.',
  '{S} made some {food} for {IO}.',
  '{S} {verb} the {noun} for {IO}.',
  '{S} sat next to {IO}.',
  '{S} smiled at {IO}.',
  '{S} waited for {IO}.',
  '{S} thanked {IO} for the {gift}.',
  '{S} played {game} with {IO}.',
  '{S} shared the {food} with {IO}.',
  '{S} told a story to {IO}.',
  '{S} offered {drink} to {IO}.',
  '{S} passed the {gift} to {IO}.',
  '{S} found {a gift} that belonged to {IO}.',
  '{S} asked {IO} about the {noun}.',
  '{S} called {IO} from the {room}.',
  '{S} wrote a long letter to {IO}.',
];

/** Words that may open a last sentence after a full stop. */
export const TURNS: readonly string[] = [
  '',
  '',
  'Then ',
  'Later ',
  'So ',
  'In the {time} ',
  'After that ',
  'Soon ',
];

/** The shortest first sentences, for `pair`. */
export const MEETINGS: readonly string[] = [
  '{A} met {B}.',
  'Here are {A} and {B}.',
  '{A} saw {B}.',
  'One {day} {A} met {B}.',
  'Look at {A} and {B}.',
];

/** The same again with other roles, for a document with several exchanges. */
export const NEXT_TURNS: readonly string[] = [
  'Then ',
  'Later ',
  'After that ',
  'Soon ',
  'On {day} ',
  'But ',
  'And ',
  '',
];

/** Three names: {S} and {D} act, so the third one is meant. */
export const THREE_LEADS: readonly string[] = [
  'When {A}, {B} and {C} went to the {place}, ',
  'At {hour} {A}, {B} and {C} were at the {place}. ',
  'Yesterday {A} met {B} and {C} near the {place}. ',
  'One {time}, {A}, {B} and {C} sat in the {room}. ',
  'Three friends, {A}, {B} and {C}, found {a noun}. ',
];

/** Whole templates that no training document ever uses: other openers, other clauses, the same words. */
export const HELD_OUT: readonly string[] = [
  'After the lesson, {A} and {B} went to the {place}. {S} gave {a gift} to {IO}.',
  'The friends {A} and {B} found {a noun} at the {place}. Then {S} handed it to {IO}.',
  'While {A} was walking with {B}, the {person} {verb} {a noun}. Later {S} showed the {noun} to {IO}.',
  '{A} came to the {place} with {B}. It was {weather}. {S} wanted to give the {gift} to {IO}.',
  'On {day} {A} and {B} had some {food} in the {room}. So {S} passed the {food} to {IO}.',
  'Long ago, {A} and {B} lived in {town}. They were {feeling}. {S} wrote to {IO}.',
  'In the {room} were {A} and {B}. The {noun} was {adj}. {S} bought {a gift} and gave it to {IO}.',
  'Because it was {weather}, {A} and {B} stayed at the {place}. {S} said to {IO}.',
  'At last {A} and {B} reached the {place}. {S} offered {drink} to {IO}.',
  'My friends {A} and {B} were {feeling}. The {noun} was {adj}. {S} read a story to {IO}.',
];
