import { describe, expect, it } from '@jest/globals';
import { FUNCTION_TIMEOUT_SECONDS } from '../../infra/ledger-function.ts';
import { timeoutOf } from '../../infra/worker-timeout.ts';
import { type WorkerNeeds, workers } from '../../infra/workers.ts';
import { flagsMaxAgeMs, parseFlags } from '../../lib/config/flags.ts';
import { flagsRetryAfterMs, flagsTimeoutMs } from '../../lib/config/flags-parameter.ts';
import { isMutation } from '../../lib/http/route.ts';
import { routes } from '../../lib/http/routes.ts';
import { readDocument } from './documents.ts';

const text = readDocument('docs/feature-flags.md');

describe('the page about feature flags', () => {
  it('names every operation that can be switched off, and no other', () => {
    const sentence = /^These can be named in `disabledOperations`: (.*)$/m.exec(text)?.[1] ?? '';
    expect([...sentence.matchAll(/`(\w+)`/g)].map(([, id]) => id).sort()).toEqual(
      routes
        .filter(isMutation)
        .map(({ operationId }) => operationId)
        .sort(),
    );
  });

  it('shows a value that reads', () => {
    const example = /^```json\n(.*)\n```$/m.exec(text)?.[1] ?? '';
    expect(parseFlags(example)).toEqual(JSON.parse(example));
    expect(parseFlags('{}')).toEqual(JSON.parse(example));
  });

  it('says the times that hold', () => {
    expect(text).toContain(`what it knows is ${flagsMaxAgeMs / 1_000} s old or older`);
    expect(text).toContain(`**${flagsMaxAgeMs / 1_000} s after a switch`);
    expect(text).toContain(`\`Retry-After: ${flagsMaxAgeMs / 1_000}\``);
    expect(text).toContain(`no answer within ${flagsTimeoutMs} ms`);
    expect(text).toContain(`tries again after ${flagsRetryAfterMs / 1_000} s`);
  });

  it('and those about several Regions say when the fence is shut', () => {
    const ageSeconds = flagsMaxAgeMs / 1_000;
    // Workers run for longer than requests do.
    const longestSeconds = Math.max(FUNCTION_TIMEOUT_SECONDS, ...Object.values<WorkerNeeds>(workers).map(timeoutOf));
    const shut = `${ageSeconds + longestSeconds} s after`;
    expect(text).toContain(`a fence that is shut ${shut} the switch`);
    const regions = readDocument('docs/multi-region.md');
    expect(regions).toContain(`began less than ${ageSeconds} s before**`);
    expect(regions).toContain(`**A request ends within ${FUNCTION_TIMEOUT_SECONDS} s**`);
    expect(regions).toContain(`a run of a worker within ${longestSeconds} s`);
    expect(regions).toContain(`So ${shut} the flag was set`);
    const decision = readDocument('docs/adr/0010-one-region-is-open-at-a-time.md');
    expect(decision).toContain(`${shut} it was set (${ageSeconds} s of age, ${longestSeconds} s for what runs)`);
  });
});
