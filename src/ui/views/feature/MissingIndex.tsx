import { Loadable } from '#ui/components/Loadable.tsx';
import { useApp } from '#ui/state/store.ts';

/** Densities, examples and logits come from an index; an SAE without one offers to build it here. */
export function MissingIndex() {
  const indexing = useApp((s) => s.indexing);
  const build = useApp((s) => s.buildIndex);
  const gpu = useApp((s) => s.gpu);
  if (indexing.status === 'loading' || indexing.status === 'failed') {
    return <Loadable of={indexing} what="the feature index" onRetry={build} />;
  }
  return (
    <div className="stack">
      <p>
        This SAE has no feature index yet: densities, examples and logit effects are measured by one pass over
        the corpus, on this device.
      </p>
      <p>
        <button type="button" className="primary" disabled={gpu !== 'ready'} onClick={build}>
          Build the index
        </button>{' '}
        {gpu === 'none' && <span className="muted">needs WebGPU</span>}
      </p>
    </div>
  );
}
