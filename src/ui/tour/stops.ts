import type { ViewRef } from '#share/view_ref.ts';
import type { PanelAnchor } from '../components/Panel.tsx';

/** A token of a stop's prompt: its position counted with BOS, and its exact text, which tests compare. */
export interface TourToken {
  readonly position: number;
  readonly text: string;
}
/** A feature on a token of a prompt, and what made it fire. */
export interface TourSight {
  readonly prompt: string;
  /** Layer of the embedded SAE that the feature belongs to. */
  readonly layer: number;
  readonly feature: number;
  /** The token that the feature is shown on. */
  readonly token: TourToken;
  /** Source of the largest DFA: summed over heads, or of `head` where one is named. */
  readonly source?: TourToken | undefined;
  /** The head with the largest Σ|cells| at the token. */
  readonly head?: number | undefined;
  /** A token text that is among the ten that the feature promotes most. */
  readonly promotes?: string | undefined;
  /** The feature is silent on this token, and fires on so many tokens of the index at most; 0: it is dead. */
  readonly atMost?: number | undefined;
}
interface StopText {
  /** Names the stop in links: `tour=induction`. */
  readonly id: string;
  readonly title: string;
  /** Two to four plain sentences: what to look at, and why it is interesting. */
  readonly text: string;
  /** The panel to look at. */
  readonly look: PanelAnchor;
}
/** A stop at a feature: the feature view with its token chosen. */
export interface FeatureStop extends StopText, TourSight {
  readonly view: 'feature';
  /** Words of the link to the stop's own feature where `also` lists others. */
  readonly words?: string | undefined;
  /** More features to open from the stop, each with the words of its link. */
  readonly also?: readonly (TourSight & { readonly words: string })[] | undefined;
}
/** The stop that ends in the reader's own run: a filled form, nothing started. */
export interface TrainStop extends StopText {
  readonly view: 'train';
  /** The form as a link has it: 'site:…,d_sae:512'. */
  readonly job: string;
}
export type TourStop = FeatureStop | TrainStop;

const ECHO = 'Echo : lantern violin tiger crab lantern violin tiger crab';
const GIFT = 'When Mary and John went to the store, John gave a drink to Mary.';
const LIBRARY =
  'The librarian read a novel in the archive. In the evening Jane and her brother talked about the';
const SPACE =
  'The astronaut went to the launchpad. The rocket was starry. In the evening Jane and her brother talked about the';

/** Found with scripts/find_tour.ts on the pack in public/embedded; e2e/flows/tour.flow.ts checks every promise. */
export const TOUR: readonly TourStop[] = [
  {
    id: 'induction',
    title: 'Induction: what came next last time?',
    text: 'The prompt repeats four random words, so only its own past tells what comes next. On the second “violin” this feature reads from “tiger”, the word that followed “violin” the first time. That is induction: find the earlier copy, look one token further, and bring that word here.',
    look: 'attribution',
    view: 'feature',
    prompt: ECHO,
    layer: 1,
    feature: 701,
    token: { position: 8, text: ' violin' },
    source: { position: 5, text: ' tiger' },
  },
  {
    id: 'previous-token',
    title: 'Previous token: the note that induction reads',
    text: 'A layer below, head 0 copies every token one place to the right. This feature on “crab” fires because of “tiger”, the token just before it. Induction works because each token carries such a note about what stood in front of it.',
    look: 'attribution',
    view: 'feature',
    prompt: ECHO,
    layer: 0,
    feature: 91,
    token: { position: 6, text: ' crab' },
    source: { position: 5, text: ' tiger' },
    head: 0,
  },
  {
    id: 'name-moving',
    title: 'Name moving: who is spoken to?',
    text: 'Sofia asked, so the answer may name her. On the comma after “conservatory” the feature reads eight tokens back, at “Sofia”, and makes “Sofia” likelier as the next token. It works for one name only: other names have features of their own.',
    look: 'attribution',
    view: 'feature',
    prompt: '“What do you do at the conservatory?” asked Sofia. “It is near the conservatory, Sofia,”',
    layer: 1,
    feature: 919,
    token: { position: 20, text: ',' },
    source: { position: 12, text: ' Sofia' },
    head: 1,
    promotes: ' Sofia',
  },
  {
    id: 'quote-closing',
    title: 'Quotes: an open quotation wants its end',
    text: 'Clara is asked something, and the quotation is still open. On her name the feature reads the opening quotation mark six tokens back; what it writes makes the question mark and the closing quotation mark likelier.',
    look: 'attribution',
    view: 'feature',
    prompt: 'Grace asked, “Where is the screen, Clara?”',
    layer: 2,
    feature: 184,
    token: { position: 10, text: ' Clara' },
    source: { position: 4, text: ' “' },
    head: 2,
    promotes: '?',
  },
  {
    id: 'topic',
    title: 'Long range: what the text is about',
    text: 'The last “the” could go on with anything. This feature reads from “librarian”, seventeen tokens back, and with it the model expects a thing of the library. The same head does it for other topics, each with a feature of its own.',
    look: 'attribution',
    view: 'feature',
    prompt: LIBRARY,
    layer: 2,
    feature: 740,
    token: { position: 19, text: ' the' },
    source: { position: 2, text: ' librarian' },
    head: 0,
    words: 'library',
    also: [
      {
        words: 'space',
        prompt: SPACE,
        layer: 2,
        feature: 910,
        token: { position: 22, text: ' the' },
        source: { position: 2, text: ' astronaut' },
        head: 0,
      },
    ],
  },
  {
    id: 'one-head',
    title: 'One head, many jobs',
    text: 'In the second stop head 0.0 noted the previous token. Here it does something else: on the second “to” it reads “John”, the person who acts, four tokens back. One head, two jobs, kept apart by two features.',
    look: 'attribution',
    view: 'feature',
    prompt: GIFT,
    layer: 0,
    feature: 920,
    token: { position: 14, text: ' to' },
    source: { position: 10, text: ' John' },
    head: 0,
    words: 'who acts',
    also: [
      {
        words: 'previous token',
        prompt: ECHO,
        layer: 0,
        feature: 212,
        token: { position: 8, text: ' violin' },
        source: { position: 7, text: ' lantern' },
        head: 0,
      },
    ],
  },
  {
    id: 'dead-feature',
    title: 'A feature that is as good as dead',
    text: 'No feature of these SAEs is silent on the whole index of 297,688 tokens: training revives those that stop firing. This one comes nearest, with two firings, and it is silent here. Such a feature takes up room in the dictionary and says nothing about the model.',
    look: 'density',
    view: 'feature',
    prompt: ECHO,
    layer: 1,
    feature: 1022,
    token: { position: 8, text: ' violin' },
    atMost: 2,
  },
  {
    id: 'train',
    title: 'Train your own',
    text: 'The form is filled in for a small SAE on the last layer: press Start, and watch loss, dead features and the density of its features move while it learns. When it is done its features open like the ones you have just seen.',
    look: 'new-run',
    view: 'train',
    job: 'site:blocks.2.attn.hook_z,d_sae:512,tokens:200000',
  },
];

/** The stop of a link, if there is one of this id. */
export const stopOf = (id: string | undefined): TourStop | undefined => TOUR.find((s) => s.id === id);

/** The feature and token of the stop that a view shows: its own or one of `also`. */
export function sightAt(stop: TourStop, view: ViewRef): TourSight | undefined {
  if (stop.view !== 'feature' || view.kind !== 'feature') return undefined;
  const { feature, position, prompt } = view;
  return [stop, ...(stop.also ?? [])].find(
    (s) => s.feature === feature && s.token.position === position && s.prompt === prompt,
  );
}

/** Whether a view is what the stop means to show. */
export const isAtStop = (stop: TourStop, view: ViewRef): boolean =>
  stop.view === 'train' ? view.kind === 'train' : sightAt(stop, view) !== undefined;
