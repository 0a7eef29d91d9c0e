import { valueIn } from '../state/loadable.ts';
import { belongsTo } from '../state/session.ts';
import { useApp } from '../state/store.ts';
import './components.css';

/** Chooses the model of the current view; its first SAE follows. */
export function ModelPicker() {
  const models = useApp((s) => valueIn(s.models)) ?? [];
  const current = useApp((s) => valueIn(s.model)?.id) ?? '';
  const go = useApp((s) => s.go);
  return (
    <select
      aria-label="Model"
      value={current}
      onChange={(e) => go({ kind: 'prompt', model: e.target.value })}
    >
      {current === '' && <option value="">no model</option>}
      {models.map((m) => (
        <option key={m.id} value={m.id}>
          {m.title}
        </option>
      ))}
    </select>
  );
}

/** Chooses among the SAEs of the current model, named by their site. */
export function SaePicker() {
  const model = useApp((s) => valueIn(s.model));
  const all = useApp((s) => valueIn(s.saes));
  const current = useApp((s) => valueIn(s.sae)?.id) ?? '';
  const view = useApp((s) => s.view);
  const go = useApp((s) => s.go);
  const saes = (all ?? []).filter((x) => model !== undefined && belongsTo(x, model));
  return (
    <select aria-label="SAE" value={current} onChange={(e) => go({ ...view, sae: e.target.value })}>
      {current === '' && <option value="">no SAE</option>}
      {saes.map((x) => (
        <option key={x.id} value={x.id}>
          {x.title.includes(x.site) ? x.title : `${x.site} · ${x.title}`}
        </option>
      ))}
    </select>
  );
}

/** ◀ index ▶ within the current SAE (convention 1). */
export function FeaturePicker({ feature, d_sae }: { readonly feature: number; readonly d_sae: number }) {
  const patch = useApp((s) => s.patchView);
  const to = (f: number) => patch('feature', { feature: (f + d_sae) % d_sae, bin: undefined }, 'push');
  return (
    <span className="row tight pickers">
      <button
        type="button"
        aria-label="Previous feature"
        title="Previous feature (←)"
        onClick={() => to(feature - 1)}
      >
        ◀
      </button>
      <input
        className="index"
        aria-label="Feature index"
        inputMode="numeric"
        key={feature}
        defaultValue={feature}
        onKeyDown={(e) => {
          const f = Number(e.currentTarget.value);
          if (e.key === 'Enter' && Number.isInteger(f) && f >= 0 && f < d_sae) to(f);
        }}
      />
      <button
        type="button"
        aria-label="Next feature"
        title="Next feature (→)"
        onClick={() => to(feature + 1)}
      >
        ▶
      </button>
    </span>
  );
}
