import type { Ability } from '#engine/protocol/metrics.ts';
import { formatCount } from '#ui/plots/numbers.ts';
import { type AbilityChange, abilityChange, CHANGE_WORDS, formatAbility } from './ability_change.ts';
import { HelpHint } from './HelpHint.tsx';
import './abilities.css';

export interface AbilityListProps {
  readonly abilities: readonly Ability[];
  /** Whose reconstruction was put in: names the list for assistive technology. */
  readonly sae: string;
}

/** Told apart by sign and word, not by colour alone. */
const SIGNS: Readonly<Record<AbilityChange, string>> = { better: '▲', kept: '=', weaker: '▼', lost: '✕' };

/** What the model can do clean → with the SAE spliced in, one compact entry an ability. */
export function AbilityList({ abilities, sae }: AbilityListProps) {
  return (
    <div className="abilities">
      <p>
        <strong>{summary(abilities)}</strong>
        <HelpHint term="Abilities under splice.">
          What the model can do as it is → with this SAE’s reconstruction in place of its activation. A high
          CE recovered can hide that one of them is lost. {CHANGE_WORDS}
        </HelpHint>
      </p>
      <ul aria-label={`Abilities with ${sae} spliced in`}>
        {abilities.map((a) => (
          <AbilityItem key={a.key} ability={a} />
        ))}
      </ul>
    </div>
  );
}

function AbilityItem({ ability }: { readonly ability: Ability }) {
  const { label, clean, spliced, n, definition, better } = ability;
  const change = abilityChange(ability);
  return (
    <li className={change}>
      <span className="label">
        {label}
        <HelpHint term={`${label}.`}>
          {definition} {better === 'lower' ? 'Lower' : 'Higher'} is better. {formatCount(n)} predictions.
        </HelpHint>
      </span>
      <span className="mono figures">
        {formatAbility(clean, ability)}
        {spliced !== undefined && (
          <>
            <span aria-hidden="true"> → </span>
            <span className="sr-only">clean, spliced </span>
            {formatAbility(spliced, ability)}
          </>
        )}
      </span>
      {change && (
        <span className="change">
          <span aria-hidden="true">{SIGNS[change]} </span>
          {change}
        </span>
      )}
    </li>
  );
}

/** "Abilities: 1 of 10 lost, 2 weaker". */
function summary(abilities: readonly Ability[]): string {
  const count = (change: AbilityChange): number =>
    abilities.filter((a) => abilityChange(a) === change).length;
  const [lost, weaker] = [count('lost'), count('weaker')];
  if (lost + weaker === 0) return `Abilities: all ${abilities.length} kept`;
  return `Abilities: ${lost} of ${abilities.length} lost, ${weaker} weaker`;
}
