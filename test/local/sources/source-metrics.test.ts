import { afterEach, describe, expect, it } from '@jest/globals';
import type { SQSRecord } from 'aws-lambda';
import { readPrometheusText, seriesValue } from '../prometheus-text.ts';
import { fromQueue, queue, relay, streamOfThings, table } from './relay-application.ts';
import { type RelayRuntime, startRelayRuntime } from './relay-runtime.ts';
import type { Call } from './relay-server.ts';

let runtime: RelayRuntime<SQSRecord>;

afterEach(() => runtime.stop());

describe('GET /metrics', () => {
  it('tells of sources and queues, and whether anything is left to do', async () => {
    runtime = await startRelayRuntime((url) => ({
      ...table,
      ...queue('Work', {}, 1),
      ...relay('Reader', url, { ...streamOfThings, MaximumRetryAttempts: 0 }),
      ...relay('Worker', url, { ...fromQueue('Work'), FunctionResponseTypes: ['ReportBatchItemFailures'] }),
    }));
    const scrape = async () => readPrometheusText(await (await fetch(`${runtime.url}/metrics`)).text());
    const reader = { source: 'Relays-Things', function: 'Relays-Reader' };
    const worker = { source: 'Relays-Work', function: 'Relays-Worker' };
    const held: Call<SQSRecord>[] = [];
    runtime.relays.onCall((call) => held.push(call));
    await runtime.dynamodb('PutItem', { TableName: runtime.tables.Things, Item: { id: { S: 'a' } } });
    await runtime.relays.until(() => held.length === 1);
    for (const body of ['1', '2']) {
      await runtime.sqs('SendMessage', { QueueUrl: runtime.queueUrls.Work, MessageBody: body });
    }
    await runtime.relays.until(() => held.length > 1);

    const busy = await scrape();
    expect(seriesValue(busy, 'florin_runtime_drained')).toBe(0);
    expect(seriesValue(busy, 'florin_runtime_queue_messages', { queue: 'Relays-Work', state: 'in_flight' })).toBe(2);
    expect(seriesValue(busy, 'florin_runtime_source_age_seconds', worker)).toBeGreaterThan(0);

    runtime.relays.onCall((call) => call.answer(null));
    for (const call of held) {
      call.fail('no');
      if (call.functionName === 'Worker') await runtime.giveBack('Work', call.records);
    }
    await runtime.drained();
    const done = await scrape();
    const figure = (name: string, labels: Record<string, string>) =>
      seriesValue(done, `florin_runtime_source_${name}`, labels);
    expect(figure('records_total', reader)).toBe(1);
    expect(figure('failures_total', reader)).toBe(1);
    expect(figure('discarded_records_total', reader)).toBe(1);
    expect(figure('records_total', worker)).toBe(2);
    expect(figure('failures_total', worker)).toBe(held.length - 1);
    expect(figure('batches_total', worker)).toBe(held.length - 1);
    expect(figure('age_seconds', worker)).toBe(0);
    const dead = { queue: 'Relays-WorkDead', state: 'visible' };
    expect(seriesValue(done, 'florin_runtime_queue_messages', dead)).toBe(2);
    expect(seriesValue(done, 'florin_runtime_drained')).toBe(1);
  });
});
