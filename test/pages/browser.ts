import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A tab of a real browser, without a window. */
export interface Tab {
  /** Resolves when the page and all that it names has been loaded. */
  open(url: string): Promise<void>;
  /** The value of an expression in the page. */
  evaluate(expression: string): Promise<unknown>;
  /** What the browser has complained of since the tab was opened: breaches of the content policy, exceptions, failed requests. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

const startTimeoutMs = 120_000;
const lookIntervalMs = 20;
const words = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  // Containers have little of it, and a browser that has not enough ends.
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--remote-debugging-port=0',
];

/** Starts Chromium (`CHROMIUM`, else `chromium` of the path) and speaks the DevTools protocol with it, for which Node has all it takes. */
export async function openTab(): Promise<Tab> {
  const profile = mkdtempSync(path.join(tmpdir(), 'florin-browser-'));
  const child = spawn(process.env.CHROMIUM ?? 'chromium', [...words, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const port = await new Promise<string>((fulfil, reject) => {
    let output = '';
    setTimeout(() => reject(new Error(`The browser did not start:\n${output}`)), startTimeoutMs).unref();
    child.once('error', reject);
    child.stderr.on('data', (text: Buffer) => {
      output += text;
      const found = /ws:\/\/[^:]+:(\d+)\//.exec(output)?.[1];
      if (found) fulfil(found);
    });
  });
  const created = await fetch(`http://127.0.0.1:${port}/json/new?about:blank`, { method: 'PUT' });
  const { webSocketDebuggerUrl } = (await created.json()) as { readonly webSocketDebuggerUrl: string };
  const session = await openSession(webSocketDebuggerUrl);
  for (const domain of ['Page', 'Runtime', 'Log', 'Audits']) await session.send(`${domain}.enable`);
  await session.send('Page.setLifecycleEventsEnabled', { enabled: true });
  return {
    complaints: session.complaints,
    open: async (url) => {
      const { loaderId, errorText } = (await session.send('Page.navigate', { url })) as Navigation;
      if (loaderId === undefined || errorText) throw new Error(`${url} cannot be opened: ${errorText}`);
      // Until then an expression may be evaluated in the page before it, or in none.
      while (!session.loaded.has(loaderId)) await sleep(lookIntervalMs);
    },
    evaluate: async (expression) => {
      const { result } = (await session.send('Runtime.evaluate', { expression, returnByValue: true })) as {
        readonly result: { readonly value?: unknown };
      };
      return result.value;
    },
    async close() {
      const exited = once(child, 'exit');
      if (child.kill()) await exited;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

interface Navigation {
  readonly loaderId?: string;
  readonly errorText?: string;
}

interface Message {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
  readonly method?: string;
  readonly params?: {
    readonly issue?: { readonly code: string };
    readonly entry?: { readonly level: string };
    readonly name?: string;
    readonly loaderId?: string;
  };
}

async function openSession(url: string) {
  const socket = new WebSocket(url);
  const pending = new Map<number, (message: Message) => void>();
  const complaints: string[] = [];
  const loaded = new Set<string | undefined>();
  let sent = 0;
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(String(data)) as Message;
    if (message.id !== undefined) pending.get(message.id)?.(message);
    else if (isLoaded(message)) loaded.add(message.params?.loaderId);
    else if (isComplaint(message)) complaints.push(JSON.stringify(message.params));
  };
  socket.onclose = () => {
    for (const fulfil of pending.values()) fulfil({ error: { message: 'the browser has gone' } });
  };
  await once(socket, 'open');
  return {
    complaints,
    loaded,
    async send(method: string, params: object = {}): Promise<unknown> {
      sent += 1;
      const id = sent;
      const answer = await new Promise<Message>((fulfil) => {
        pending.set(id, fulfil);
        socket.send(JSON.stringify({ id, method, params }));
      });
      if (answer.error) throw new Error(`${method}: ${answer.error.message}`);
      return answer.result;
    },
  };
}

function isLoaded({ method, params }: Message): boolean {
  return method === 'Page.lifecycleEvent' && params?.name === 'load';
}

/** Hints about forms and the like are no complaints. */
function isComplaint({ method, params }: Message): boolean {
  if (method === 'Runtime.exceptionThrown') return true;
  if (method === 'Log.entryAdded') return params?.entry?.level === 'error';
  return method === 'Audits.issueAdded' && params?.issue?.code === 'ContentSecurityPolicyIssue';
}
