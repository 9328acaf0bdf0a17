import { describe, expect, it } from '@jest/globals';
import { defaultRatePolicy, parseTokenIssuers } from '../../lib/auth/index.ts';
import * as limits from '../../lib/auth/token-limits.ts';
import { readDocument, tableRows } from './documents.ts';

const page = readDocument('docs/reference/tokens.md');
const part = (heading: string, until: string): string => page.slice(page.indexOf(heading), page.indexOf(until));

describe('the page about tokens', () => {
  it('names every field of the configuration, and no other', () => {
    const fields = tableRows(part('## Configuration of a stage', '### Cognito')).map(([name = '']) =>
      name.replaceAll('`', ''),
    );
    const complete = {
      name: 'shop',
      issuer: 'https://shop.example/',
      jwksUri: 'https://shop.example/jwks.json',
      audience: { values: ['florin'] },
      tenantClaim: 'tenant',
      tenants: ['shop'],
      rolesClaim: 'roles',
      roleNames: {},
      rate: { requestsPerSecond: 5, burst: 10 },
    };
    const [issuer] = parseTokenIssuers(JSON.stringify([complete]));
    expect(fields.toSorted()).toEqual([...Object.keys(issuer ?? {}), 'tenant'].toSorted());
    for (const name of fields.filter((field) => !(field in complete) && field !== 'tenant')) {
      expect(() => parseTokenIssuers(JSON.stringify([{ ...complete, [name]: -1 }]))).toThrow(`0.${name}`);
    }
  });

  it('says the limits that hold', () => {
    expect(page).toContain(`\`maxTokenBytes\` = ${limits.maxTokenBytes} bytes`);
    expect(page).toContain(`\`tokenClockToleranceSeconds\` = ${limits.tokenClockToleranceSeconds} `);
    expect(page).toContain(`| \`rate\` | ${defaultRatePolicy.requestsPerSecond}, ${defaultRatePolicy.burst} |`);
    expect(page).toContain(`| \`maxLifetimeSeconds\` | ${limits.defaultTokenLifetimeSeconds} |`);
    expect(page).toContain(`at most ${limits.maxIssuersLength} characters`);
    expect(page).toContain(`waits ${limits.issuerTimeoutMs / 1_000} s for at most ${limits.maxKeySetBytes} bytes`);
    expect(page).toContain(`is ${limits.keysFreshMs / 60_000} minutes old`);
    expect(page).toContain(`good for another ${limits.keysFreshMs / 60_000} minutes`);
    expect(page).toContain(`at most once in ${limits.keysPauseMs / 1_000} seconds`);
    expect(page).toContain(`for ${limits.keysUsableMs / 3_600_000} hours`);
  });
});
