import type { NamedFile } from '#engine/protocol/common.ts';

/** What a dropped or chosen set of files is taken for. */
export type Guess = 'model' | 'sae' | 'unknown';

/**
 * A SAELens folder has cfg.json or sae_weights*, a Hugging Face folder config.json with weights beside it.
 * Names only: the engine reads and checks the contents.
 */
export function guessKind(names: readonly string[]): Guess {
  const base = names.map((n) => n.slice(n.lastIndexOf('/') + 1).toLowerCase());
  if (base.some((n) => n === 'cfg.json' || n.startsWith('sae_weights') || /^ae\.(pt|safetensors)$/.test(n)))
    return 'sae';
  if (base.includes('config.json') || base.includes('tokenizer.json')) return 'model';
  return 'unknown';
}

/** Files of an <input type=file>, with the path below the chosen folder as their name. */
export function namedFiles(list: FileList | null): readonly NamedFile[] {
  return Array.from(list ?? [], (f) => ({ name: inFolder(f.webkitRelativePath || f.name), blob: f }));
}

/** Files and folders of a drop, folders walked through; at most 200 files. */
export async function droppedFiles(data: DataTransfer): Promise<readonly NamedFile[]> {
  // Entries must be taken before the first await: the list is emptied when the event ends.
  const entries = Array.from(data.items, (item) => item.webkitGetAsEntry()).filter((e) => e !== null);
  const out: NamedFile[] = [];
  for (const entry of entries) await walk(entry, out);
  return out.map((f) => ({ ...f, name: inFolder(f.name) }));
}

const MAX_FILES = 200;

async function walk(entry: FileSystemEntry, out: NamedFile[]): Promise<void> {
  if (out.length >= MAX_FILES) return;
  if (entry.isFile) {
    const file = await new Promise<File>((yes, no) => (entry as FileSystemFileEntry).file(yes, no));
    out.push({ name: entry.fullPath.replace(/^\//, ''), blob: file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A reader gives at most 100 entries a call, and an empty list at the end.
    const some = await new Promise<FileSystemEntry[]>((yes, no) => reader.readEntries(yes, no));
    if (some.length === 0) return;
    for (const e of some) await walk(e, out);
  }
}

/** 'folder/sub/x' to 'sub/x': the folder that was chosen is not part of a name. */
const inFolder = (path: string): string => (path.includes('/') ? path.slice(path.indexOf('/') + 1) : path);
