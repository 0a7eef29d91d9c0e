import { useState } from 'react';
import type { StorageInfo, StoredItem } from '#engine/protocol/storage.ts';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Loadable } from '#ui/components/Loadable.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { ScrollRegion } from '#ui/components/ScrollRegion.tsx';
import { formatBytes } from '#ui/plots/numbers.ts';
import { useApp } from '#ui/state/store.ts';

/** What is kept on this device: used and allowed, whether the browser may evict it, and delete. */
export function StoragePanel() {
  const storage = useApp((s) => s.storage);
  const action = useApp((s) => s.storageAction);
  const refresh = useApp((s) => s.refreshStorage);
  return (
    <Panel
      flush
      title="Storage"
      help={
        <HelpHint term="Storage.">
          Models you brought, SAEs and checkpoints live in this browser's private files for this site.
          Persisted data is not evicted when the disk runs low.
        </HelpHint>
      }
    >
      <div className="pad stack">
        {storage.status === 'ready' ? (
          <Used info={storage.value} />
        ) : (
          <Loadable of={storage} what="what is stored" onRetry={refresh} />
        )}
        <Loadable of={action} what="the storage" />
        <p role="status" className={action.status === 'ready' ? undefined : 'sr-only'}>
          {action.status === 'ready' ? action.value : ''}
        </p>
      </div>
      {storage.status === 'ready' && <Items items={storage.value.items} />}
    </Panel>
  );
}

function Used({ info }: { readonly info: StorageInfo }) {
  const persist = useApp((s) => s.persist);
  return (
    <>
      <div className="spread">
        <span>
          {formatBytes(info.usedBytes)} used of {formatBytes(info.quotaBytes)}
        </span>
        <meter
          aria-label="Storage used"
          min={0}
          max={Math.max(1, info.quotaBytes)}
          value={info.usedBytes}
          high={0.9 * info.quotaBytes}
        />
      </div>
      <div className="spread">
        <span>
          {info.mode === 'memory'
            ? 'Kept in memory: nothing survives this tab.'
            : info.persisted
              ? 'The browser keeps this data.'
              : 'The browser may evict this data when the disk is full.'}
        </span>
        {info.mode === 'opfs' && !info.persisted && (
          <button type="button" onClick={() => void persist()}>
            Ask to keep it
          </button>
        )}
      </div>
      {!info.writer && (
        <p className="note warn">
          Another tab of this site is writing; this one only reads. Close the other to write here.
        </p>
      )}
    </>
  );
}

function Items({ items }: { readonly items: readonly StoredItem[] }) {
  if (items.length === 0) return <p className="pad muted">Nothing is stored yet.</p>;
  return (
    <ScrollRegion label="Stored items">
      <table>
        <thead>
          <tr>
            <th scope="col">kind</th>
            <th scope="col">title</th>
            <th scope="col" className="num">
              size
            </th>
            <th scope="col">
              <span className="sr-only">Delete</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={`${item.kind} ${item.id}`}>
              <td>{item.kind}</td>
              <td>{item.title}</td>
              <td className="num mono">{formatBytes(item.bytes)}</td>
              <td className="num">
                {item.deletable ? <DeleteButton item={item} /> : <span className="muted">shipped</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}

/** Asks once before it deletes. */
function DeleteButton({ item }: { readonly item: StoredItem }) {
  const deleteStored = useApp((s) => s.deleteStored);
  const [asked, ask] = useState(false);
  if (!asked)
    return (
      <button type="button" aria-label={`Delete ${item.title}`} onClick={() => ask(true)}>
        Delete
      </button>
    );
  return (
    <span className="row tight nowrap">
      <button type="button" className="danger" onClick={() => void deleteStored(item.id)}>
        Really delete
      </button>
      <button type="button" onClick={() => ask(false)}>
        Keep
      </button>
    </span>
  );
}
