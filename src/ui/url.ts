import { decodeView, encodeView } from '#share/codec.ts';
import type { ViewRef } from '#share/view_ref.ts';
import { withCard } from './share_card.ts';
import { type AppStore, useApp } from './state/store.ts';

/** Browsers drop history calls above about 100 in 30 s; typing replaces the address at most this often. */
const WRITE_EVERY_MS = 350;

/** Full address of a view. This file is the only one that touches `location` and `history`. */
export function linkTo(view: ViewRef): { readonly link: string; readonly note: string | undefined } {
  const { hash, note } = encodeView(view);
  return { link: location.href.replace(/#.*$/, '') + hash, note };
}

/** The link that a person sends: with a read-only card where the receiver cannot have the SAE (decision 29). */
export async function shareLink(
  view: ViewRef,
): Promise<{ readonly link: string; readonly note: string | undefined }> {
  const sendable = await withCard(view);
  const { link, note } = linkTo(sendable.view);
  return { link, note: [note, sendable.note].filter(Boolean).join(' ') || undefined };
}

/** Opens a link (or only its part after the '#'); a bad one leaves the view and sets the banner. Returns whether it was good. */
export function openLink(store: AppStore, link: string, how: 'push' | 'none' = 'push'): boolean {
  const hash = link.includes('#') ? link.slice(link.indexOf('#')) : '';
  if (hash === '' || hash === '#' || hash === '#/') return true;
  const decoded = decodeView(hash);
  if (!decoded.ok) {
    store.getState().setLinkError(decoded.error.toWire());
    return false;
  }
  store.setState({ linkError: undefined });
  store.getState().go(decoded.view, how);
  return true;
}

/** Keeps the address and the store's view equal, both ways. Called once by main.tsx. */
export function startUrl(store: AppStore = useApp): void {
  openLink(store, location.hash, 'none');
  let timer: ReturnType<typeof setTimeout> | undefined;
  const write = (how: 'push' | 'replace') => {
    clearTimeout(timer);
    timer = undefined;
    const { hash } = encodeView(store.getState().view);
    if (hash === location.hash) return;
    if (how === 'push') history.pushState(undefined, '', hash);
    else history.replaceState(undefined, '', hash);
  };
  store.subscribe(
    (s) => s.view,
    (_view, before) => {
      const { how } = store.getState();
      if (how === 'none') {
        clearTimeout(timer);
        timer = undefined;
        return;
      }
      if (how === 'replace') {
        timer ??= setTimeout(() => write('replace'), WRITE_EVERY_MS);
        return;
      }
      // What was typed last belongs to the entry that is left behind.
      if (timer !== undefined) history.replaceState(undefined, '', encodeView(before).hash);
      write('push');
    },
  );
  addEventListener('popstate', () => openLink(store, location.hash, 'none'));
}

/** Scheme, host and port of this page. */
export const pageOrigin = (): string => location.origin;
