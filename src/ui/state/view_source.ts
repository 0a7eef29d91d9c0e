/** Where a link's source lives, and whether the page's policy (connect-src 'self') lets it be read. */
export interface SourceHost {
  readonly name: string;
  readonly allowed: boolean;
}

/** 'hf:owner/name' is huggingface.co; anything that is not a URL of `origin` cannot be fetched from here. */
export function sourceHost(source: string, origin: string): SourceHost {
  if (source.startsWith('hf:')) return { name: 'huggingface.co', allowed: false };
  try {
    const url = new URL(source, origin);
    return { name: url.host, allowed: url.origin === origin };
  } catch {
    return { name: 'an address that cannot be read', allowed: false };
  }
}
