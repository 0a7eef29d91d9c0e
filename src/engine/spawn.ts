import type { WorkerPort } from './client.ts';
import workerUrl from './engine.worker.ts?worker&url';

/**
 * Starts the engine worker from a blob that imports the hashed module, so that the page's CSP governs it (decision 28).
 */
export function spawnEngine(): WorkerPort {
  const module = new URL(workerUrl, document.baseURI).href;
  const source = new Blob([`import ${JSON.stringify(module)};`], { type: 'text/javascript' });
  const url = URL.createObjectURL(source);
  const worker = new Worker(url, { type: 'module', name: 'headlight-engine' });
  // The worker has read the blob when its first message comes; until then the address must live.
  worker.addEventListener('message', () => URL.revokeObjectURL(url), { once: true });
  return worker as unknown as WorkerPort;
}
