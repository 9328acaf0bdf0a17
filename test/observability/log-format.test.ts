import { describe, expect, it } from '@jest/globals';
import { LineFormat } from '../../lib/observability/log-format.ts';
import { captureOutput } from './captured-output.ts';

describe('an error in the log', () => {
  it('has its name, code, message, stack and causes, and nothing that libraries hang on it', () => {
    const cause = Object.assign(new Error('the condition failed'), {
      Item: { metadata: { M: { a: { S: 'sEcReT' } } } },
    });
    const error = Object.assign(new TypeError('not stored', { cause }), {
      code: 'E_STORE',
      $metadata: { requestId: 'r-1' },
      payload: 'sEcReT',
    });
    const formatted = new LineFormat().formatError(error);
    expect(formatted).toEqual({
      name: 'TypeError',
      code: 'E_STORE',
      message: 'not stored',
      stack: error.stack,
      cause: { name: 'Error', message: 'the condition failed', stack: cause.stack },
    });
    expect(JSON.stringify(formatted)).not.toContain('sEcReT');
  });
});

describe('an error of a service that complains of a value', () => {
  it('has no message, since that quotes the value', () => {
    const error = Object.assign(new Error('The parameter cannot be converted to a numeric value: sEcReT'), {
      name: 'ValidationException',
      $metadata: { requestId: 'r-1' },
    });
    const formatted = new LineFormat().formatError(new Error('not stored', { cause: error }));
    expect(JSON.stringify(formatted)).not.toContain('sEcReT');
    expect(formatted.cause).toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('left out'),
    });
  });

  it('has no message either where JSON.parse quotes the text', () => {
    let found: unknown;
    try {
      JSON.parse('sEcReT and more');
    } catch (error) {
      found = error;
    }
    const formatted = new LineFormat().formatError(new Error('the message is no JSON', { cause: found }));
    expect(JSON.stringify(formatted)).not.toContain('sEcReT');
    expect(formatted.cause).toMatchObject({ name: 'SyntaxError', message: expect.stringContaining('left out') });
  });

  it('is told whole where it speaks of something else', () => {
    const error = Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException', $metadata: {} });
    expect(new LineFormat().formatError(error)).toMatchObject({ message: 'Rate exceeded' });
  });
});

describe('the logger', () => {
  it.each([
    ['ERROR', 1],
    ['WARN', 1],
    ['INFO', 1],
    ['DEBUG', 1],
    ['SILENT', 0],
  ])('at level %s writes %i of one line about a request', async (level, count) => {
    const before = process.env.POWERTOOLS_LOG_LEVEL;
    process.env.POWERTOOLS_LOG_LEVEL = level;
    const output = captureOutput();
    try {
      const { createLogger } = await import('../../lib/observability/logger.ts');
      createLogger().info('request', { operation: 'getHealth' });
      expect(output.lines()).toHaveLength(count);
    } finally {
      output.stop();
      process.env.POWERTOOLS_LOG_LEVEL = before;
    }
  });
});
