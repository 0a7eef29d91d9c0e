import { WorkbenchError } from '#base/errors.ts';
import { answer } from '../answer.ts';
import { openEmbedded, readEveryFile } from '../embedded.ts';
import type { ModelRuns } from '../model_runs.ts';
import { type ModelRecord, modelFile } from '../model_sources.ts';
import type { StorageInfo, StoredItem } from '../protocol/storage.ts';
import type { Handlers } from '../protocol.ts';
import { checkpointFile } from '../run_log.ts';
import type { Runs } from '../runs.ts';
import { indexFile, type SaeRecord, saeFile } from '../sae_library.ts';
import type { Session } from '../session.ts';

type Names = 'seal' | 'storage' | 'persist' | 'deleteStored';

export function storageHandlers(session: Session, runs: Runs, modelRuns: ModelRuns): Pick<Handlers, Names> {
  return {
    seal: answer<'seal'>(async () => {
      const { host } = session;
      const files = await readEveryFile(await openEmbedded(host), host.base);
      let bytes = 0;
      for (const [name, blob] of files) {
        host.holdPackFile(name, blob);
        bytes += blob.size;
      }
      return { files: files.size, bytes };
    }),
    storage: answer<'storage'>(() => storageInfo(session, runs, modelRuns)),
    persist: answer<'persist'>(async () => {
      const persisted = await navigator.storage?.persist?.().catch(() => false);
      return { persisted: persisted ?? false };
    }),
    deleteStored: answer<'deleteStored'>(async ({ id }) => {
      await deleteItem({ session, runs, modelRuns }, id);
      await session.host.store.flush();
      await session.host.catalog.flush();
      session.host.notify({ type: 'storage-changed' });
      return storageInfo(session, runs, modelRuns);
    }),
  };
}

async function storageInfo(session: Session, runs: Runs, modelRuns: ModelRuns): Promise<StorageInfo> {
  const { store } = session.host;
  const { usedBytes, quotaBytes } = await store.estimate();
  const persisted = (await navigator.storage?.persisted?.().catch(() => false)) ?? false;
  const items = await listItems(session, runs, modelRuns);
  return { mode: store.mode, writer: store.writer, usedBytes, quotaBytes, persisted, items };
}

async function listItems(session: Session, runs: Runs, modelRuns: ModelRuns): Promise<readonly StoredItem[]> {
  const { store, catalog } = session.host;
  const files = new Map((await store.list()).map((f) => [f.name, f.bytes]));
  const sum = (names: readonly string[]): number =>
    names.reduce((total, n) => total + (files.get(n) ?? 0), 0);
  const items: StoredItem[] = [];
  const pack = session.current?.pack ? session.current : undefined;
  if (pack)
    items.push({
      id: 'embedded',
      kind: 'model',
      title: pack.info.title,
      bytes: pack.info.bytes,
      deletable: false,
    });
  for (const { id, info, files: own } of await catalog.all<ModelRecord>('model'))
    items.push({
      id,
      kind: 'model',
      title: info.title,
      bytes: sum(own.map((n) => modelFile(id, n))),
      deletable: true,
    });
  for (const { id, info, files: own } of await catalog.all<SaeRecord>('sae')) {
    const bytes = sum([...own.map((n) => saeFile(id, n)), indexFile(id)]);
    items.push({ id, kind: 'sae', title: info.title, bytes, deletable: true });
  }
  const named = [
    ...(await runs.list()).map((r) => ({ ...r, name: r.job.title ?? `${r.job.variant} at ${r.job.site}` })),
    ...(await modelRuns.list()).map((r) => ({ ...r, name: r.job.title ?? 'transformer' })),
  ];
  for (const { id, name, status } of named) {
    const title = `${name} (${status})`;
    items.push({
      id,
      kind: 'run',
      title,
      bytes: sum([checkpointFile(id)]),
      deletable: status !== 'running' && status !== 'paused',
    });
  }
  return items;
}

async function deleteItem(
  { session, runs, modelRuns }: { session: Session; runs: Runs; modelRuns: ModelRuns },
  id: string,
): Promise<void> {
  const { store, catalog } = session.host;
  const model = await catalog.get<ModelRecord>('model', id);
  if (model) {
    for (const name of model.files) await store.delete(modelFile(id, name));
    return catalog.delete('model', id);
  }
  if (await catalog.get<SaeRecord>('sae', id)) return session.saes.remove(id);
  if ((await runs.list()).some((r) => r.id === id)) return runs.remove(id);
  if (await modelRuns.has(id)) return modelRuns.remove(id);
  throw new WorkbenchError('storage', `Nothing stored has the id ${id.slice(0, 64)}.`, {
    hint: 'It may have been deleted in another tab; reload the list.',
  });
}
