import type { Notice } from './protocol.ts';

/** Tells what this worker fetched so far (modules and files), as the browser's own list of resources has it. */
export function watchNetwork(notify: (notice: Notice) => void): void {
  if (typeof PerformanceObserver === 'undefined') return;
  let gets = 0;
  const hosts = new Set<string>();
  const observer = new PerformanceObserver((list) => {
    for (const { name } of list.getEntries()) {
      const url = new URL(name);
      if (url.protocol !== 'http:' && url.protocol !== 'https:') continue;
      gets++;
      hosts.add(url.host);
    }
    notify({ type: 'network', gets, hosts: [...hosts].sort() });
  });
  observer.observe({ type: 'resource', buffered: true });
}
