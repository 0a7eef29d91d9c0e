import { request, restartEngine } from './engine.ts';

/**
 * Seals the page until it is reloaded (decision 28): the engine hands over every file of the embedded pack, a second
 * policy forbids every connection, and a new worker, which inherits it, takes the engine's place.
 *
 * @throws WorkbenchError('format') when a file of the pack could not be read; nothing is sealed then.
 */
export async function sealPage(): Promise<void> {
  await request('seal', {});
  const policy = document.createElement('meta');
  policy.httpEquiv = 'Content-Security-Policy';
  policy.content = "connect-src 'none'";
  document.head.append(policy);
  restartEngine('The page was sealed: the browser now refuses every connection.');
}
