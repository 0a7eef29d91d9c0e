// npm test: unit and kernel tests (Vitest in Chromium), then the built site's flows (Playwright), then one closing line.
// Without a Chromium on PATH and outside CI, Playwright's own is installed first (decision 39).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { chromiumPath } from './chromium.mjs';

const only = process.argv[2];
const run = (command, args, env = {}) =>
  spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } }).status ?? 1;
/** Unit tests that failed, told again at the end, below the flows' output: the middle of a long log gets lost. */
const failures = [];
const total = { passed: 0, failed: 0, skipped: 0 };

function ensureChromium() {
  if (chromiumPath() || existsSync('test-results/.chromium')) return;
  if (process.env.CI) {
    console.error("test: no Chromium found. Next: install Debian's chromium or set CHROMIUM_PATH.");
    process.exit(1);
  }
  if (run('npx', ['playwright', 'install', '--with-deps', 'chromium']) !== 0)
    run('npx', ['playwright', 'install', 'chromium']);
}

/** Adds a report's counts; a report that is missing or empty is one failure. */
function count(file, read, status) {
  const before = { ...total };
  try {
    read(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    console.error(`test: no report at ${file}: ${error.message}`);
  }
  const ran = total.passed - before.passed + (total.failed - before.failed);
  if (ran === 0 || (status !== 0 && total.failed === before.failed)) total.failed += 1;
}

mkdirSync('test-results', { recursive: true });
for (const f of ['unit.json', 'flows.json']) rmSync(`test-results/${f}`, { force: true });
ensureChromium();
if (only !== 'flows') {
  const status = run('npx', [
    'vitest',
    'run',
    '--reporter=default',
    '--reporter=json',
    '--outputFile.json=test-results/unit.json',
  ]);
  count(
    'test-results/unit.json',
    (r) => {
      total.passed += r.numPassedTests;
      total.failed += r.numFailedTests;
      total.skipped += r.numPendingTests + (r.numTodoTests ?? 0);
      for (const suite of r.testResults) {
        const failed = suite.assertionResults.filter((t) => t.status === 'failed');
        for (const t of failed) failures.push(`${suite.name}: ${t.fullName}: ${t.failureMessages[0]}`);
        if (suite.status !== 'failed' || suite.assertionResults.length > 0) continue;
        total.failed += 1;
        failures.push(`${suite.name}: ${suite.message}`);
      }
    },
    status,
  );
}
if (only !== 'unit') {
  const built = run('npm', ['run', 'build']);
  if (built !== 0) total.failed += 1;
  else {
    const status = run('npx', ['playwright', 'test']);
    count(
      'test-results/flows.json',
      (r) => {
        total.passed += r.stats.expected + r.stats.flaky;
        total.failed += r.stats.unexpected;
        total.skipped += r.stats.skipped;
      },
      status,
    );
  }
}
for (const f of failures) console.log(`failed: ${f.slice(0, 600)}`);
console.log(`skipped (each with its reason in its name): ${total.skipped}`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);
