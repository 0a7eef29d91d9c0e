import { WorkbenchError } from '#base/errors.ts';
import { isContentId } from '#io/hash.ts';
import { readSaeLens } from '#sae/formats/saelens.ts';
import { answer, withProgress } from '../answer.ts';
import { describeGpu } from '../host.ts';
import { folderOf, type ModelRecord, storeModel } from '../model_sources.ts';
import type { Progress, Source } from '../protocol/common.ts';
import type { ModelInfo, SaeInfo } from '../protocol/models.ts';
import type { Handlers } from '../protocol.ts';
import { saeInfo, weightsId } from '../sae_files.ts';
import { requireFits, type Session } from '../session.ts';

type Names = 'adapter' | 'models' | 'loadModel' | 'saes' | 'loadSae' | 'exportSae';

/** The last one comes with SAELens's training checkpoints of scaled inputs. */
const SAE_FILES = ['cfg.json', 'sae_weights.safetensors', 'headlight.json', 'activation_scaler.json'];
const MAX_SAE_BYTES = 4 * 2 ** 30;

export function modelHandlers(session: Session): Pick<Handlers, Names> {
  const { host } = session;
  return {
    adapter: answer<'adapter'>(async () => {
      return describeGpu(host.gpu);
    }),
    models: answer<'models'>(async () => {
      return listModels(session);
    }),
    async *loadModel({ source }, signal) {
      const model = yield* session.open(source, signal);
      await storeModel(host, model);
      return model.info;
    },
    saes: answer<'saes'>(async () => {
      // Without a model there is no pack, but what is stored is still there.
      await session.model().catch(() => undefined);
      return session.saes.list();
    }),
    async *loadSae({ source }, signal) {
      const known =
        typeof source === 'string' && isContentId(source) ? await stored(session, source) : undefined;
      return known ?? (yield* importSae(session, source, signal));
    },
    exportSae: answer<'exportSae'>(async ({ sae, format }) => {
      if (format !== 'saelens')
        throw new WorkbenchError('format', `There is no export format ${String(format).slice(0, 40)}.`);
      const files = await (await session.saes.entry(sae)).files();
      const out: Record<string, Uint8Array> = {};
      for (const [name, blob] of Object.entries(files)) out[name] = new Uint8Array(await blob.arrayBuffer());
      return out;
    }),
  };
}

/** The shipped model first, then the loaded one, then what is stored; each id once. */
async function listModels(session: Session): Promise<readonly ModelInfo[]> {
  const { host } = session;
  const shipped = await session.shipped();
  const current = session.current?.info;
  const records = await host.catalog.all<ModelRecord>('model');
  const infos = new Map<string, ModelInfo>();
  for (const info of [shipped, current, ...records.map((r) => r.info)])
    if (info && !infos.has(info.id)) infos.set(info.id, { ...info, loaded: info.id === current?.id });
  return [...infos.values()];
}

async function stored(session: Session, id: string): Promise<SaeInfo | undefined> {
  await session.model();
  return (await session.saes.entry(id)).info;
}

/** Reads an SAE folder, checks that it fits the loaded model, and puts it into the library. */
async function* importSae(
  session: Session,
  source: Source,
  signal: AbortSignal,
): AsyncGenerator<Progress, SaeInfo, void> {
  const model = await session.model();
  const folder = folderOf(session.host, source);
  const files: Record<string, Blob> = {};
  for (const name of SAE_FILES) {
    const blob = yield* withProgress(folder.read(name, { signal, maxBytes: MAX_SAE_BYTES }));
    if (blob) files[name] = blob;
  }
  const { weights, meta } = await readSaeLens(files);
  const id = await weightsId(weights);
  // Other tools name models in their own ways; an SAE that fits belongs to the model it was opened for.
  const isKnown = isContentId(meta.model) && meta.model !== 'embedded';
  const belongs = { ...meta, id, model: isKnown ? meta.model : model.info.id };
  const info = saeInfo(belongs, weights, {
    source: typeof source === 'string' ? source : 'files',
    bytes: Object.values(files).reduce((sum, b) => sum + b.size, 0),
  });
  requireFits(info, model);
  await session.saes.add(info, files);
  return info;
}
