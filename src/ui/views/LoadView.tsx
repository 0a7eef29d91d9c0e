import { AdapterPanel } from './load/AdapterPanel.tsx';
import { ModelsPanel } from './load/ModelsPanel.tsx';
import { OwnFilesPanel } from './load/OwnFilesPanel.tsx';
import { SaesPanel } from './load/SaesPanel.tsx';
import { StoragePanel } from './load/StoragePanel.tsx';
import './load/load.css';

/** Models and SAEs on this device and on offer, own files, the adapter, storage. */
export function LoadView() {
  return (
    <div className="view load-view">
      <div className="stack">
        <ModelsPanel />
        <SaesPanel />
        <OwnFilesPanel />
      </div>
      <div className="stack">
        <AdapterPanel />
        <StoragePanel />
      </div>
    </div>
  );
}
