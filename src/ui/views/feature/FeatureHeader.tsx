import type { SaeInfo } from '#engine/protocol/models.ts';
import type { FeatureViewRef } from '#share/view_ref.ts';
import { FeaturePicker, SaePicker } from '#ui/components/Pickers.tsx';
import { ViewLink } from '#ui/components/ViewLink.tsx';
import { valueIn } from '#ui/state/loadable.ts';
import { useApp } from '#ui/state/store.ts';
import { placeOf } from '#ui/state/view.ts';

/** Breadcrumb model › hook › feature, the pickers, and a random feature. */
export function FeatureHeader({ view, sae }: { readonly view: FeatureViewRef; readonly sae: SaeInfo }) {
  const title = useApp((s) => valueIn(s.model)?.title ?? 'model');
  const patch = useApp((s) => s.patchView);
  const random = () => patch('feature', { feature: randomBelow(sae.d_sae), bin: undefined }, 'push');
  return (
    <div className="spread feature-head">
      <nav aria-label="Breadcrumb">
        <ol className="crumbs">
          <li>{title}</li>
          <li>
            <ViewLink view={{ kind: 'features', ...placeOf(view) }}>
              <code>{sae.site}</code> {sae.title}
            </ViewLink>
          </li>
          <li aria-current="page">
            <h1>feature {view.feature}</h1>
          </li>
        </ol>
      </nav>
      <div className="row pickers">
        <SaePicker />
        <FeaturePicker feature={view.feature} d_sae={sae.d_sae} />
        <button type="button" onClick={random} title="Any feature of this SAE">
          Random
        </button>
      </div>
    </div>
  );
}

/** A person asks for luck here, not for a reproducible draw, so the system's generator is right. */
function randomBelow(n: number): number {
  const [word = 0] = crypto.getRandomValues(new Uint32Array(1));
  return Math.floor((word / 2 ** 32) * n);
}
