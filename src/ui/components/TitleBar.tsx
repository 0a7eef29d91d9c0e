import type { ViewKind } from '#share/view_ref.ts';
import { valueIn } from '../state/loadable.ts';
import type { Theme } from '../state/prefs.ts';
import { useApp } from '../state/store.ts';
import { menuView } from '../state/view.ts';
import { TourButton } from '../tour/TourButton.tsx';
import { PrivacyBadge } from './PrivacyBadge.tsx';
import { ShareButton } from './ShareButton.tsx';

const MENU: readonly { readonly kind: Exclude<ViewKind, 'feature'>; readonly text: string }[] = [
  { kind: 'load', text: 'Load' },
  { kind: 'prompt', text: 'Prompt' },
  { kind: 'features', text: 'Features' },
  { kind: 'train', text: 'Train' },
];

/** Name, menu, what is loaded (model, hook, SAE, adapter), share, theme. */
export function TitleBar() {
  const kind = useApp((s) => s.view.kind);
  return (
    <header className="title-bar">
      <button type="button" className="skip" onClick={() => document.getElementById('main')?.focus()}>
        Skip to the view
      </button>
      <h1>Headlight</h1>
      <nav aria-label="Views">
        <ul>
          {MENU.map((m) => (
            <li key={m.kind}>
              <button
                type="button"
                aria-current={
                  m.kind === kind || (m.kind === 'features' && kind === 'feature') ? 'page' : undefined
                }
                onClick={() => {
                  const s = useApp.getState();
                  s.go(menuView(s, m.kind));
                }}
              >
                {m.text}
              </button>
            </li>
          ))}
        </ul>
      </nav>
      <Loaded />
      <div className="row tight tools">
        <TourButton />
        <PrivacyBadge />
        <ShareButton />
        <ThemeSelect />
        <button type="button" title="Keys (?)" onClick={() => document.getElementById('open-keys')?.click()}>
          Keys
        </button>
      </div>
    </header>
  );
}

/** Model, hook, SAE and adapter in one line. */
function Loaded() {
  const model = useApp((s) => s.model);
  const sae = useApp((s) => s.sae);
  const adapter = useApp((s) => valueIn(s.adapter));
  const gpu = useApp((s) => s.gpu);
  const m = valueIn(model);
  const x = valueIn(sae);
  const state = (status: string, none: string) => (status === 'loading' ? 'loading' : none);
  return (
    <dl className="loaded" aria-label="What is loaded">
      <Fact name="model" value={m?.title ?? state(model.status, 'none')} keep />
      <Fact name="hook" value={x?.site ?? '–'} keep />
      <Fact name="SAE" value={x ? `${x.title} (${x.d_sae})` : state(sae.status, 'none')} />
      <Fact
        name="adapter"
        value={adapter ? adapterName(adapter) : gpu === 'none' ? 'no WebGPU' : 'starting'}
      />
    </dl>
  );
}

function adapterName(a: {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
}): string {
  return a.description || [a.vendor, a.architecture].filter(Boolean).join(' ') || 'WebGPU';
}

function Fact({
  name,
  value,
  keep,
}: {
  readonly name: string;
  readonly value: string;
  readonly keep?: boolean;
}) {
  return (
    <div className={keep ? 'keep' : undefined}>
      <dt>{name}</dt>
      <dd className={name === 'hook' ? 'mono' : undefined} title={value}>
        {value}
      </dd>
    </div>
  );
}

function ThemeSelect() {
  const theme = useApp((s) => s.theme);
  const setPrefs = useApp((s) => s.setPrefs);
  return (
    <select aria-label="Theme" value={theme} onChange={(e) => setPrefs({ theme: e.target.value as Theme })}>
      <option value="system">Auto</option>
      <option value="light">Light</option>
      <option value="dark">Dark</option>
    </select>
  );
}
