import { describe, expect, it } from '@jest/globals';
import { judgeAudit } from '../../scripts/advisory-report.ts';

/** As npm 11 writes them, without the members that are not looked at. */
const clean = { auditReportVersion: 2, vulnerabilities: {}, metadata: { vulnerabilities: { total: 0 } } };
const vulnerable = {
  auditReportVersion: 2,
  vulnerabilities: {
    minimist: {
      name: 'minimist',
      severity: 'critical',
      isDirect: true,
      via: [{ source: 1097678, title: 'Prototype Pollution in minimist' }],
      range: '<0.2.4',
      nodes: ['node_modules/minimist'],
      fixAvailable: true,
    },
    debug: { name: 'debug', severity: 'low', via: [], range: '<2.6.9' },
  },
};
const methodNotAllowed = {
  message: '405 Method Not Allowed - POST https://registry.npmjs.org/-/npm/v1/security/advisories/bulk',
  method: 'POST',
  statusCode: 405,
  body: '',
  error: { summary: '', detail: '' },
};

describe('judgeAudit', () => {
  it('passes where nothing is known', () => {
    expect(judgeAudit(JSON.stringify(clean), 'low')).toEqual({ kind: 'clean' });
  });

  it('names what is vulnerable from the severity on', () => {
    const text = JSON.stringify(vulnerable);
    expect(judgeAudit(text, 'high')).toEqual({ kind: 'vulnerable', packages: ['minimist <0.2.4: critical'] });
    expect(judgeAudit(text, 'low')).toMatchObject({ packages: [expect.anything(), 'debug <2.6.9: low'] });
  });

  it('tells a registry without advisories apart', () => {
    expect(judgeAudit(JSON.stringify(methodNotAllowed), 'high')).toEqual({ kind: 'not served', status: 405 });
  });

  it.each([
    ['a fault of the registry', JSON.stringify({ ...methodNotAllowed, statusCode: 500 })],
    ['no answer', JSON.stringify({ message: 'request to https://registry.npmjs.org failed, reason: ENOTFOUND' })],
    ['credentials that are refused', JSON.stringify({ ...methodNotAllowed, statusCode: 401 })],
    ['a report of another version', JSON.stringify({ ...clean, auditReportVersion: 3 })],
    [
      'a severity that is not known',
      JSON.stringify({ auditReportVersion: 2, vulnerabilities: { a: { severity: 'x' } } }),
    ],
    ['nothing', ''],
  ])('fails after %s, since nothing is known then', (_, output) => {
    expect(judgeAudit(output, 'high').kind).toBe('failed');
  });
});
