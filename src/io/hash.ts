/** Bytes that can be read in ranges: a Blob (also a File of OPFS or a drop) or memory. */
export type ByteSource = Blob | ArrayBuffer | Uint8Array;

const CHUNK_BYTES = 8 * 2 ** 20;
const ID_BYTES = 16;

/** Length of a source in bytes. */
export function byteLengthOf(source: ByteSource): number {
  return source instanceof Blob ? source.size : source.byteLength;
}

/** Bytes [from, to) of a source, as a copy of their own. */
export async function readRange(source: ByteSource, from: number, to: number): Promise<ArrayBuffer> {
  if (source instanceof Blob) return source.slice(from, to).arrayBuffer();
  if (source instanceof Uint8Array) return source.slice(from, to).buffer as ArrayBuffer;
  return source.slice(from, to);
}

/** base64url without padding. */
export function base64url(bytes: Uint8Array): string {
  let text = '';
  // Apply takes at most some 65,000 arguments in every engine.
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Lower-case hexadecimal SHA-256 of a whole source, as the manifest of an embedded pack states it. */
export async function sha256Hex(source: ByteSource): Promise<string> {
  const all = await readRange(source, 0, byteLengthOf(source));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', all));
  return Array.from(digest, (b) => b.toString(16).padStart(2, '0')).join('');
}

/**
 * Content id: the first 128 bits, in base64url (22 characters), of SHA-256 over the SHA-256s of 8 MiB chunks.
 *
 * Several sources count as one stream each, in the order given, so `contentId(config, weights)` names a model.
 */
export async function contentId(...sources: readonly ByteSource[]): Promise<string> {
  const digests: Uint8Array[] = [];
  for (const source of sources) {
    const bytes = byteLengthOf(source);
    for (let at = 0; at === 0 || at < bytes; at += CHUNK_BYTES) {
      const chunk = await readRange(source, at, Math.min(bytes, at + CHUNK_BYTES));
      digests.push(new Uint8Array(await crypto.subtle.digest('SHA-256', chunk)));
    }
  }
  const joined = new Uint8Array(digests.length * 32);
  digests.forEach((d, i) => {
    joined.set(d, i * 32);
  });
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', joined));
  return base64url(digest.subarray(0, ID_BYTES));
}

/** True for 'embedded' and for what `contentId` makes (at least 22 base64url characters). */
export function isContentId(text: string): boolean {
  return text === 'embedded' || /^[A-Za-z0-9_-]{22,64}$/.test(text);
}
