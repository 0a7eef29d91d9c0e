/** Text to deflate-raw bytes in base64url. */
export async function deflateText(text: string): Promise<string> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  let binary = '';
  for (const b of bytes) binary += String.fromCharCode(b);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

export type Inflated = { readonly text: string } | 'damaged' | 'too-large';

/** The reverse of `deflateText`. Stops as soon as more than `maxBytes` came out, so a bomb costs no memory. */
export async function inflateText(packed: string, maxBytes: number): Promise<Inflated> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  try {
    const binary = atob(packed.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (c) => c.charCodeAt(0));
    reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
    const decoder = new TextDecoder('utf-8', { fatal: true });
    let text = '';
    let total = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { text: text + decoder.decode() };
      total += value.byteLength;
      if (total > maxBytes) return 'too-large';
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    return 'damaged';
  } finally {
    await reader?.cancel().catch(() => undefined);
  }
}
