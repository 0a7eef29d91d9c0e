import { type FormEvent, useState } from 'react';
import { MAX_PINS } from '#base/pins.ts';
import type { PinWish } from '#engine/protocol/pins.ts';
import { useApp } from '#ui/state/store.ts';

const FOUND: readonly { readonly wish: PinWish; readonly text: string; readonly title: string }[] = [
  {
    wish: 'densest',
    text: 'Densest',
    title: 'The feature that fired on most training tokens, of those not pinned',
  },
  {
    wish: 'quietest',
    text: 'Quietest',
    title: 'The feature that has not fired for longest: a dead one, if there are any',
  },
  { wish: 'random', text: 'Random', title: 'A feature drawn at random, of those not pinned' },
];

export interface PinFormProps {
  readonly run: string;
  readonly d_sae: number;
  readonly pinned: readonly number[];
}

/** Pins a feature by its number, or one that stands out. */
export function PinForm({ run, d_sae, pinned }: PinFormProps) {
  const change = useApp((s) => s.changePins);
  const [typed, type] = useState('');
  const isFull = pinned.length >= MAX_PINS;
  const submit = async (e: FormEvent) => {
    e.preventDefault();
    if (typed.trim() !== '' && (await change(run, { add: [Number(typed)] }))) type('');
  };
  return (
    <form className="row pin-form" onSubmit={(e) => void submit(e)}>
      <label>
        <span>feature</span>{' '}
        <input
          className="number"
          inputMode="numeric"
          placeholder={`0 to ${d_sae - 1}`}
          value={typed}
          onChange={(e) => type(e.target.value)}
        />
      </label>
      <button type="submit" disabled={isFull || typed.trim() === ''}>
        Pin
      </button>
      <span className="muted">or the</span>
      {FOUND.map(({ wish, text, title }) => (
        <button
          key={text}
          type="button"
          disabled={isFull}
          title={title}
          onClick={() => void change(run, { add: [wish] })}
        >
          {text}
        </button>
      ))}
      <span className="muted">
        {pinned.length} of {MAX_PINS}
      </span>
    </form>
  );
}
