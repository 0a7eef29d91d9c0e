import { useId } from 'react';
import type { FieldInfo } from '#engine/protocol/training.ts';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { shownValue } from '#ui/state/train_draft.ts';

export interface FieldInputProps {
  readonly name: string;
  readonly field: FieldInfo;
  /** What was typed; undefined: the default. */
  readonly value: string | boolean | undefined;
  readonly error: string | undefined;
  readonly onChange: (value: string | boolean) => void;
}

/** One config field as its kind asks: number with unit and range, choice, or switch; help on the question mark. */
export function FieldInput({ name, field, value, error, onChange }: FieldInputProps) {
  const id = useId();
  const shown = shownValue(field, value);
  return (
    <div className="field" data-field={name}>
      <span className="row tight">
        <label htmlFor={id}>{field.label}</label>
        <HelpHint term={field.label} formula={rangeText(field)}>
          {field.help}
        </HelpHint>
      </span>
      <span className="row tight">
        <Control id={id} field={field} shown={shown} error={error} onChange={onChange} />
        {field.unit && <span className="muted">{field.unit}</span>}
      </span>
      {error && (
        <span id={`${id}-error`} className="neg-ink field-error" role="alert">
          {error}
        </span>
      )}
    </div>
  );
}

function Control(o: {
  readonly id: string;
  readonly field: FieldInfo;
  readonly shown: string | boolean;
  readonly error: string | undefined;
  readonly onChange: (value: string | boolean) => void;
}) {
  const { id, field, shown, error, onChange } = o;
  switch (field.kind) {
    case 'flag':
      return (
        <input
          id={id}
          type="checkbox"
          checked={shown === true || shown === 'true'}
          onChange={(e) => onChange(e.target.checked)}
        />
      );
    case 'choice':
      return (
        <select id={id} value={String(shown)} onChange={(e) => onChange(e.target.value)}>
          {(field.choices ?? []).map((c) => (
            <option key={c}>{c}</option>
          ))}
        </select>
      );
    case 'int':
    case 'number':
      return (
        <input
          id={id}
          className="mono number"
          inputMode={field.kind === 'int' ? 'numeric' : 'decimal'}
          value={String(shown)}
          aria-invalid={error !== undefined}
          aria-describedby={error ? `${id}-error` : undefined}
          onChange={(e) => onChange(e.target.value)}
        />
      );
  }
}

function rangeText(field: FieldInfo): string | undefined {
  if (field.min === undefined && field.max === undefined) return undefined;
  const low = field.min === undefined ? '' : `from ${field.min} `;
  const high = field.max === undefined ? '' : `to ${field.max}`;
  return `${low}${high}${field.unit ? ` ${field.unit}` : ''}, default ${field.default}`.trim();
}
