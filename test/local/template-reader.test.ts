import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type ResolutionScope, resolve, UnsupportedTemplateError } from '../../infra/local/intrinsic-functions.ts';
import { readApplication } from '../../infra/local/template-reader.ts';

const assembly = join(import.meta.dirname, 'fixtures/assembly');
const context = { parameters: { ApiKeySha256: 'digest' }, queueUrl: (name: string) => `http://queues/${name}` };

describe('readApplication', () => {
  const application = readApplication(assembly);
  const deployment = application.describe(context);

  it('reads a table with its index, stream and time to live, under a name made of stack and logical id', () => {
    expect(deployment.tables).toEqual([
      expect.objectContaining({
        logicalId: 'Things',
        name: 'Store-Things',
        streamViewType: 'NEW_AND_OLD_IMAGES',
        ttlAttribute: 'expiresAt',
        globalSecondaryIndexes: [expect.objectContaining({ IndexName: 'byOwner' })],
      }),
    ]);
  });

  it('leaves out what a condition excludes', () => {
    expect(deployment.tables.map(({ logicalId }) => logicalId)).not.toContain('Skipped');
  });

  it('gives a function exactly the variables of its template, resolved across stacks', () => {
    const echo = deployment.functions.find(({ logicalId }) => logicalId === 'EchoFunction');
    expect(echo).toMatchObject({ handler: 'index.echo', timeoutSeconds: 3, memoryMegabytes: 128 });
    expect(echo?.codeFolder).toBe(join(assembly, 'asset.echo'));
    expect(echo?.environment).toEqual({
      THINGS_TABLE: 'Store-Things',
      SECRET: 'digest',
      FLAGS_PARAMETER: '/fixture/flags',
      GREETING: 'hello from Front',
      NODE_OPTIONS: '--enable-source-maps',
    });
  });

  it('reads routes with the function behind each alias', () => {
    const methods = deployment.api.methods.map(({ httpMethod, resourcePath }) => `${httpMethod} ${resourcePath}`);
    expect(methods).toContain('GET /items/{itemId}');
    expect(methods).toContain('GET /');
    expect(deployment.api.methods.find(({ resourcePath }) => resourcePath === '/slow')?.integration).toEqual({
      kind: 'proxy',
      functionName: 'Front-SlowFunction',
      timeoutMs: 5_000,
    });
  });

  it('reads queues with their dead-letter queue, and topics with their subscriptions', () => {
    const work = deployment.queues.find(({ logicalId }) => logicalId === 'Work');
    expect(work?.name).toBe('Store-Work.fifo');
    expect(JSON.parse(work?.attributes.RedrivePolicy ?? '')).toEqual({
      deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:Store-DeadLetters.fifo',
      maxReceiveCount: 1,
    });
    expect(deployment.topics).toEqual([
      expect.objectContaining({
        name: 'Store-News.fifo',
        subscriptions: [{ queueArn: work?.arn, attributes: { RawMessageDelivery: 'true' } }],
      }),
    ]);
  });

  it('names the parameter that has no value', () => {
    expect(() => application.describe({ ...context, parameters: {} })).toThrow(/Front needs .* parameter ApiKeySha256/);
  });
});

describe('resolve', () => {
  const scope: ResolutionScope = {
    reference: (id) => `<${id}>`,
    attribute: (id, attribute) => `<${id}.${attribute}>`,
    importedValue: (name) => `imported ${name}`,
    condition: (name) => name === 'Yes',
    mapping: (...path) => path.join('/'),
  };

  it.each([
    [{ 'Fn::Join': ['-', ['a', { Ref: 'B' }]] }, 'a-<B>'],
    [{ 'Fn::Sub': `\${A}/\${B.Arn}/\${!literal}` }, `<A>/<B.Arn>/\${literal}`],
    [{ 'Fn::Sub': [`\${x}\${A}`, { x: { Ref: 'Y' } }] }, '<Y><A>'],
    [{ 'Fn::Select': [1, { 'Fn::Split': [',', 'a,b,c'] }] }, 'b'],
    [{ 'Fn::If': ['Yes', 1, 2] }, 1],
    [{ 'Fn::If': ['No', 1, 2] }, 2],
    [{ 'Fn::And': [{ Condition: 'Yes' }, { 'Fn::Not': [{ Condition: 'No' }] }] }, true],
    [{ 'Fn::Or': [{ Condition: 'No' }, { 'Fn::Equals': ['a', 'b'] }] }, false],
    [{ 'Fn::FindInMap': ['M', 'a', 'b'] }, 'M/a/b'],
    [{ 'Fn::ImportValue': { 'Fn::Sub': `\${S}:x` } }, 'imported <S>:x'],
    [{ 'Fn::GetAtt': 'A.B.C' }, '<A.B.C>'],
    [{ deep: [{ Ref: 'A' }] }, { deep: ['<A>'] }],
  ])('resolves %j', (value, expected) => {
    expect(resolve(value, scope)).toEqual(expected);
  });

  it('refuses a function that it does not know instead of passing it on', () => {
    expect(() => resolve({ 'Fn::Cidr': ['10.0.0.0/16', 1] }, scope)).toThrow(UnsupportedTemplateError);
  });
});
