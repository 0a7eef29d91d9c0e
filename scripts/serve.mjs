// A plain static server for dist/ below a sub-path, as any static host would serve it: no COOP/COEP, no rewriting.
// Usage: node scripts/serve.mjs [--port 4173] [--base /some/path/] [--dir dist]
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize, resolve } from 'node:path';

const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
};
const port = Number(option('port', '4173'));
const base = option('base', '/');
const dir = resolve(option('dir', 'dist'));
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};

if (!existsSync(join(dir, 'index.html'))) {
  console.error(`serve: no ${dir}/index.html. Next: npm run build.`);
  process.exit(1);
}
createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  if (!pathname.startsWith(base)) return response.writeHead(404).end();
  const file = join(dir, normalize(decodeURIComponent(pathname.slice(base.length)) || 'index.html'));
  if (!file.startsWith(dir) || !existsSync(file) || !statSync(file).isFile())
    return response.writeHead(404).end();
  response.writeHead(200, {
    'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    'content-length': statSync(file).size,
    'cache-control': 'no-store',
  });
  createReadStream(file).pipe(response);
}).listen(port, '127.0.0.1', () => console.log(`serve: http://127.0.0.1:${port}${base}`));
