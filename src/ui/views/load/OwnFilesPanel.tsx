import { type DragEvent, useState } from 'react';
import type { NamedFile } from '#engine/protocol/common.ts';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Loadable } from '#ui/components/Loadable.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { useApp } from '#ui/state/store.ts';
import { droppedFiles, guessKind, namedFiles } from './dropped.ts';

/** Own models and SAEs: drop a folder, or choose one. The files stay on this device. */
export function OwnFilesPanel() {
  const openModel = useApp((s) => s.openModel);
  const openSae = useApp((s) => s.openSae);
  const opening = useApp((s) => s.opening);
  const gpu = useApp((s) => s.gpu);
  const [unclear, setUnclear] = useState<readonly NamedFile[] | undefined>();
  const open = (files: readonly NamedFile[], kind: 'model' | 'sae') => {
    setUnclear(undefined);
    if (files.length > 0) void (kind === 'model' ? openModel(files) : openSae(files));
  };
  const onDrop = async (e: DragEvent) => {
    e.preventDefault();
    const files = await droppedFiles(e.dataTransfer);
    const kind = guessKind(files.map((f) => f.name));
    if (kind === 'unknown') setUnclear(files);
    else open(files, kind);
  };
  return (
    <Panel
      title="Your own files"
      help={
        <HelpHint term="Your own files.">
          A Hugging Face folder of the GPT-2 family (config.json, model.safetensors, tokenizer.json), or an
          SAE in SAELens form (cfg.json, sae_weights.safetensors). They are read in this tab and sent nowhere.
        </HelpHint>
      }
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the buttons inside are the keyboard's way to the same thing */}
      <div className="drop" onDragOver={(e) => e.preventDefault()} onDrop={(e) => void onDrop(e)}>
        <p>Drop a model folder or an SAE folder here, or choose one:</p>
        <div className="row">
          <FolderButton text="Model folder" onFiles={(f) => open(f, 'model')} disabled={gpu === 'none'} />
          <FolderButton text="SAE folder" onFiles={(f) => open(f, 'sae')} disabled={gpu === 'none'} />
        </div>
        {unclear && <Unclear files={unclear} onOpen={open} onDismiss={() => setUnclear(undefined)} />}
      </div>
      <Loadable of={opening} what="the files" />
    </Panel>
  );
}

/** A button-like label over a folder input; phones without folders choose several files. */
function FolderButton(o: {
  readonly text: string;
  readonly disabled: boolean;
  readonly onFiles: (files: readonly NamedFile[]) => void;
}) {
  return (
    <>
      {[true, false].map((isFolder) => (
        <label key={String(isFolder)} className="button file">
          {isFolder ? `${o.text} …` : `${o.text.replace(' folder', '')} files …`}
          <input
            type="file"
            multiple
            disabled={o.disabled}
            {...(isFolder ? { webkitdirectory: '' } : {})}
            onChange={(e) => {
              o.onFiles(namedFiles(e.target.files));
              e.target.value = '';
            }}
          />
        </label>
      ))}
    </>
  );
}

function Unclear(o: {
  readonly files: readonly NamedFile[];
  readonly onOpen: (files: readonly NamedFile[], kind: 'model' | 'sae') => void;
  readonly onDismiss: () => void;
}) {
  if (o.files.length === 0) return <p role="status">Nothing was dropped that can be read as a file.</p>;
  return (
    <div className="note warn" role="alert">
      <p>
        <strong>{o.files.map((f) => f.name).join(', ')}</strong> has neither config.json nor cfg.json beside
        it. Is it a model or an SAE?
      </p>
      <p className="row">
        <button type="button" onClick={() => o.onOpen(o.files, 'model')}>
          Model
        </button>
        <button type="button" onClick={() => o.onOpen(o.files, 'sae')}>
          SAE
        </button>
        <button type="button" onClick={o.onDismiss}>
          Neither
        </button>
      </p>
    </div>
  );
}
