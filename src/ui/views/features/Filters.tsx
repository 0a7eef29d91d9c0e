import { type FormEvent, useState } from 'react';
import type { FeaturesViewRef } from '#share/view_ref.ts';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { TokenChip } from '#ui/components/TokenChip.tsx';
import { formatCount, formatPercent } from '#ui/plots/numbers.ts';
import { useApp } from '#ui/state/store.ts';
import { densityOfSlider, sliderOfDensity } from './feature_rows.ts';

/** Density range on log sliders, the promoted token and the tracked fact; all live in the link. */
export function Filters({
  view,
  dead,
  hasTruth,
}: {
  readonly view: FeaturesViewRef;
  readonly dead: number;
  readonly hasTruth: boolean;
}) {
  const patch = useApp((s) => s.patchView);
  const { minDensity, maxDensity } = view;
  const isFiltered = [minDensity, maxDensity, view.promotes, view.tracks].some((v) => v !== undefined);
  return (
    <div className="filters">
      <fieldset>
        <legend>
          density{' '}
          <HelpHint term="Density filter." formula="density = tokens with act > 0 ÷ tokens">
            Log scale from 1e-7 to 1. The left end also shows features that never fired.
          </HelpHint>
        </legend>
        <Range
          label="from"
          value={sliderOfDensity(minDensity)}
          text={minDensity === undefined ? '0' : formatPercent(minDensity)}
          onChange={(v) => patch('features', { minDensity: densityOfSlider(v) })}
        />
        <Range
          label="to"
          value={maxDensity === undefined ? 100 : sliderOfDensity(maxDensity)}
          text={maxDensity === undefined ? '100%' : formatPercent(maxDensity)}
          onChange={(v) => patch('features', { maxDensity: densityOfSlider(v) })}
        />
        <button
          type="button"
          disabled={dead === 0}
          aria-pressed={minDensity === 1e-7}
          onClick={() => patch('features', { minDensity: minDensity === undefined ? 1e-7 : undefined })}
        >
          hide {formatCount(dead)} dead
        </button>
      </fieldset>
      <Promotes key={view.promotes ?? ''} view={view} />
      {hasTruth && <Tracks tracks={view.tracks} />}
      {isFiltered && (
        <button
          type="button"
          onClick={() =>
            patch('features', {
              minDensity: undefined,
              maxDensity: undefined,
              promotes: undefined,
              tracks: undefined,
              sort: undefined,
            })
          }
        >
          Clear filters
        </button>
      )}
    </div>
  );
}

/** Words that the fact a feature tracks must contain. */
function Tracks({ tracks = '' }: { readonly tracks: string | undefined }) {
  const patch = useApp((s) => s.patchView);
  return (
    <label className="row tight">
      tracks
      <input
        className="token-input"
        value={tracks}
        maxLength={100}
        placeholder="topic, next word"
        spellCheck={false}
        onChange={(e) => patch('features', { tracks: e.target.value === '' ? undefined : e.target.value })}
      />
    </label>
  );
}

function Range(o: {
  readonly label: string;
  readonly value: number;
  readonly text: string;
  readonly onChange: (v: number) => void;
}) {
  return (
    <label className="row tight">
      {o.label}
      <input
        type="range"
        min={0}
        max={100}
        step={1}
        value={o.value}
        aria-label={`density ${o.label}`}
        aria-valuetext={o.text}
        onChange={(e) => o.onChange(Number(e.target.value))}
      />
      <span className="mono range-text">{o.text}</span>
    </label>
  );
}

/** The promoted token: one token, typed with its leading space; ranks all features by their effect on it. */
function Promotes({ view }: { readonly view: FeaturesViewRef }) {
  const patch = useApp((s) => s.patchView);
  const promoted = useApp((s) => s.promoted);
  const gpu = useApp((s) => s.gpu);
  const [text, setText] = useState(view.promotes ?? '');
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (text === '') patch('features', { promotes: undefined, sort: undefined });
    else patch('features', { promotes: text, sort: 'effect', desc: 1 }, 'push');
  };
  return (
    <form className="row tight" onSubmit={submit}>
      <label className="row tight">
        promotes token
        <input
          className="mono token-input"
          value={text}
          data-shortcut="/"
          placeholder="type one token"
          spellCheck={false}
          onChange={(e) => setText(e.target.value)}
        />
      </label>
      <button type="submit" disabled={gpu === 'none'}>
        Rank
      </button>
      <HelpHint term="Promoted token." formula="effect_i = d_i · W_O · (γ_final ∘ centred W_U)[token]">
        Ranks every feature by what one unit of its act adds to this token's logit along the direct path.
        Write the token exactly, with its leading space.
      </HelpHint>
      {promoted.status === 'loading' && <span role="status">ranking…</span>}
      {promoted.status === 'ready' && view.promotes !== undefined && (
        <TokenChip piece={promoted.value.piece} />
      )}
      {promoted.status === 'failed' && (
        <span className="neg-ink" role="alert">
          {promoted.error.message}. {promoted.error.hint}
        </span>
      )}
    </form>
  );
}
