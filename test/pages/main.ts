/**
 * Opens the reference page of an embedded runtime in Chromium, tries an operation there as a reader would, and fails at any breach of the
 * content policy, any exception and any request that fails: `node test/pages/main.ts`. It also makes a breach, which must be noticed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbeddedHere } from '../support/embedded.ts';
import { openTab, type Tab } from './browser.ts';

const patienceMs = 120_000;

async function until(tab: Tab, expression: string): Promise<void> {
  const giveUpAt = Date.now() + patienceMs;
  while ((await tab.evaluate(expression)) !== true) {
    if (Date.now() > giveUpAt) throw new Error(`never true: ${expression}\n${tab.complaints.join('\n')}`);
    await sleep(100);
  }
}

const runtime = await startEmbeddedHere({ seed: false });
const tab = await openTab();
try {
  await tab.open(`${runtime.url}/docs`);
  await until(tab, `document.querySelectorAll('.opblock').length > 50`);
  await tab.evaluate(`document.querySelector('#operations-Service-getHealth .opblock-summary-control').click()`);
  await until(tab, `document.querySelector('.btn.execute') !== null`);
  await tab.evaluate(`document.querySelector('.btn.execute').click()`);
  await until(tab, `document.querySelector('.live-responses-table')?.textContent.includes('"ok"') ?? false`);
  if (tab.complaints.length > 0) throw new Error(`The browser complains:\n${tab.complaints.join('\n')}`);

  const injected = `const script = document.createElement('script'); script.textContent = 'window.injected = true';
    document.body.append(script); window.injected === undefined`;
  if ((await tab.evaluate(injected)) !== true) throw new Error('A script that was put into the page has run.');
  const giveUpAt = Date.now() + patienceMs;
  while (tab.complaints.length === 0) {
    if (Date.now() > giveUpAt)
      throw new Error('The browser did not complain of the script that was put into the page.');
    await sleep(100);
  }
  console.log('The reference page works in the browser, and breaches its content policy nowhere.');
} finally {
  await tab.close();
  await runtime.stop();
}
