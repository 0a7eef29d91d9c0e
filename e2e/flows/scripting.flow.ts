import { readFileSync } from 'node:fs';
import { expect, open, test } from './support.ts';

interface Example {
  readonly title: string;
  readonly code: string;
}

/** Fenced `js` blocks of docs/scripting.md in order, each named by the heading above it. */
function examples(): readonly Example[] {
  const found: Example[] = [];
  let title = '';
  let code: string[] | undefined;
  for (const line of readFileSync('docs/scripting.md', 'utf8').split('\n')) {
    if (code === undefined && /^#+ /.test(line)) title = line.replace(/^#+ /, '');
    else if (code === undefined && /^```js\b/.test(line)) code = [];
    else if (code !== undefined && line.startsWith('```')) {
      found.push({ title, code: code.join('\n') });
      code = undefined;
    } else code?.push(line);
  }
  return found;
}

test('every example of docs/scripting.md runs, in order, in one page', async ({ page }) => {
  test.setTimeout(400_000);
  const all = examples();
  expect(all.length).toBeGreaterThan(5);
  await open(page);
  for (const { title, code } of all)
    await test.step(title, async () => {
      // As in the console of the developer tools: declarations outlive their example, await works at the top.
      const client = await page.context().newCDPSession(page);
      const { exceptionDetails } = await client.send('Runtime.evaluate', {
        expression: code,
        replMode: true,
        awaitPromise: true,
        userGesture: true,
      });
      const said = exceptionDetails?.exception?.description ?? exceptionDetails?.text;
      expect(said, `${title}:\n${code}`).toBeUndefined();
      await client.detach();
    });
});
