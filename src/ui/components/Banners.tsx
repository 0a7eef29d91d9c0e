import { valueIn } from '../state/loadable.ts';
import { useApp } from '../state/store.ts';
import { WelcomeStrip } from '../tour/WelcomeStrip.tsx';
import { NoGpuNote } from '../views/NoGpuNote.tsx';

/** What holds for the whole page: a bad link, no WebGPU, a software adapter, a lost device, a private window. */
export function Banners() {
  const linkError = useApp((s) => s.linkError);
  const setLinkError = useApp((s) => s.setLinkError);
  const gpu = useApp((s) => s.gpu);
  const gpuError = useApp((s) => s.gpuError);
  const software = useApp((s) => valueIn(s.adapter)?.fallback === true);
  const memoryMode = useApp((s) => valueIn(s.storage)?.mode === 'memory');
  return (
    <div className="banners">
      {linkError && (
        <div className="note warn spread" role="alert">
          <p>
            <strong>{linkError.message}</strong> {linkError.hint}
          </p>
          <button type="button" onClick={() => setLinkError(undefined)}>
            Dismiss
          </button>
        </div>
      )}
      <WelcomeStrip />
      {gpu === 'none' && <NoGpuNote error={gpuError} />}
      {gpu === 'lost' && (
        <p className="note warn" role="status">
          <strong>The graphics device was lost.</strong> The engine starts again and takes runs up from their
          last checkpoint. {gpuError?.hint}
        </p>
      )}
      {gpu === 'ready' && software && (
        <p className="note warn">
          <strong>Software adapter.</strong> There is no graphics device here, so the processor does the work:
          everything is right but slow. Turn on hardware acceleration in the browser's settings for full
          speed.
        </p>
      )}
      {memoryMode && (
        <p className="note warn">
          <strong>Nothing survives this tab.</strong> This window has no private file storage; export what you
          train before you close it.
        </p>
      )}
    </div>
  );
}
