import type { WireError } from '#base/errors.ts';
import { ViewLink } from '../components/ViewLink.tsx';

/** What to do without WebGPU (decision 13): the page stays readable, and says why panels that compute are empty. */
export function NoGpuNote({ error }: { readonly error: WireError | undefined }) {
  if (error && error.code !== 'gpu-unavailable') {
    return (
      <p className="note warn" role="status">
        <strong>The engine does not run, so nothing can be computed.</strong> {error.message} {error.hint}
      </p>
    );
  }
  return (
    <div className="note warn" role="status">
      <p>
        <strong>No WebGPU here, so nothing new can be computed.</strong> The features of the embedded SAEs and
        cards in links can still be read: <ViewLink view={{ kind: 'features' }}>see the features</ViewLink>.
      </p>
      <p>
        {error && `${error.message.replace(/\.$/, '')}. `}Use Chrome or Edge 121, Safari 26, or Firefox 141
        (Windows) and 145 (macOS), or newer, with hardware acceleration on.
      </p>
    </div>
  );
}
