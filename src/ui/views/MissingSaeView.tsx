import { Loadable } from '../components/Loadable.tsx';
import { Panel } from '../components/Panel.tsx';
import { ViewLink } from '../components/ViewLink.tsx';
import { valueIn } from '../state/loadable.ts';
import { useApp } from '../state/store.ts';
import { sourceHost } from '../state/view_source.ts';
import { pageOrigin } from '../url.ts';
import { CardView } from './card/CardView.tsx';

/** Stands in for a view whose model or SAE this device lacks: the reason, what to do, and the card of the link. */
export function MissingSaeView({ missing }: { readonly missing: 'model' | 'sae' }) {
  const view = useApp((s) => s.view);
  const card = useApp((s) => s.card);
  const id = missing === 'sae' ? view.sae : view.model;
  return (
    <div className="view">
      <Panel
        title={missing === 'sae' ? 'This SAE is not on this device' : 'This model is not on this device'}
      >
        <div className="stack">
          <p>
            The link means {missing === 'sae' ? 'an SAE' : 'a model'} with the id <code>{id}</code>, which
            lives on somebody else's device.{' '}
            {card.status === 'ready' && 'The card below came with the link: it can be read, but not run.'}
            {view.card === undefined && 'The link carries no card.'}
          </p>
          {view.source !== undefined && <FetchSource source={view.source} />}
          <p className="row">
            <span>If you have its files, open them in</span>
            <ViewLink className="button" view={{ kind: 'load' }}>
              Load
            </ViewLink>
            <span>or go on with the embedded one:</span>
            <ViewLink className="button" view={{ kind: 'prompt' }}>
              Prompt
            </ViewLink>
          </p>
        </div>
      </Panel>
      {card.status === 'ready' ? <CardView card={card.value} /> : <Loadable of={card} what="the card" />}
    </div>
  );
}

/** Nothing is fetched before this click, which names the host and the size as far as it is known. */
function FetchSource({ source }: { readonly source: string }) {
  const openSae = useApp((s) => s.openSae);
  const opening = useApp((s) => s.opening);
  const bytes = useApp((s) => cardBytes(valueIn(s.card)?.sae.d_sae, valueIn(s.model)?.config));
  const host = sourceHost(source, pageOrigin());
  if (!host.allowed) {
    return (
      <p className="note warn">
        The link names a source at {host.name}. This page may read from its own site only, so it cannot fetch
        it: download the folder there and drop it in the Load view.
      </p>
    );
  }
  return (
    <div>
      <p className="row">
        <button type="button" className="primary" onClick={() => void openSae(source)}>
          Fetch from {host.name} ({bytes ?? 'size unknown'})
        </button>
      </p>
      <Loadable of={opening} what="the SAE" />
    </div>
  );
}

/** Size by the card's d_sae and the width of the model's hook_z, as f32. */
function cardBytes(
  d_sae: number | undefined,
  config: { readonly n_heads: number; readonly d_head: number } | undefined,
): string | undefined {
  if (d_sae === undefined || !config) return undefined;
  return `about ${((8 * d_sae * config.n_heads * config.d_head) / 1e6).toFixed(1)} MB`;
}
