import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Deployment } from '../../infra/local/deployment.ts';
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

  it('reads parameters with their values', () => {
    expect(deployment.parameters).toEqual([{ name: '/fixture/flags', value: '{"acceptWrites":true}' }]);
  });

  it('names the parameter that has no value', () => {
    expect(() => application.describe({ ...context, parameters: {} })).toThrow(/Front needs .* parameter ApiKeySha256/);
  });
});

describe('readApplication, given what it does not play,', () => {
  const folders: string[] = [];

  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  /** A copy of the fixture with more resources in one of its stacks; what is undefined is taken out. */
  function describeWith(stack: 'Front' | 'Store', resources: Record<string, object | undefined>): Deployment {
    const folder = mkdtempSync(join(tmpdir(), 'florin-test-'));
    folders.push(folder);
    cpSync(assembly, folder, { recursive: true });
    const file = join(folder, `${stack}.template.json`);
    const template = JSON.parse(readFileSync(file, 'utf8'));
    Object.assign(template.Resources, resources);
    writeFileSync(file, JSON.stringify(template));
    return readApplication(folder).describe(context);
  }

  const functionWith = (environment: object) => ({
    Type: 'AWS::Lambda::Function',
    Properties: {
      Code: { S3Key: 'echo.zip' },
      Handler: 'index.echo',
      Environment: { Variables: environment },
    },
  });
  const call = { Arn: { 'Fn::GetAtt': ['EchoFunction', 'Arn'] } };

  it('leaves out what only watches or delivers, with a topic for its alarms and the addresses of people', () => {
    const watching = {
      Dashboard: { Type: 'AWS::CloudWatch::Dashboard', Properties: { DashboardBody: { Ref: 'EchoFunction' } } },
      Slow: { Type: 'AWS::CloudWatch::Alarm', Properties: { AlarmActions: [{ Ref: 'Pager' }] } },
      Both: { Type: 'AWS::CloudWatch::CompositeAlarm', Properties: { AlarmRule: { 'Fn::Sub': `\${Slow.Arn}` } } },
      Pager: { Type: 'AWS::SNS::Topic', Properties: { KmsMasterKeyId: { 'Fn::GetAtt': ['Key', 'Arn'] } } },
      Key: { Type: 'AWS::KMS::Key', Properties: {} },
      Sampling: { Type: 'AWS::XRay::SamplingRule', Properties: {} },
      Nightly: { Type: 'AWS::Events::Rule', Properties: { Targets: [{ Arn: { Ref: 'Pager' } }] } },
    };
    const withoutFolders = ({ functions, ...rest }: Deployment) => ({
      ...rest,
      functions: functions.map(({ codeFolder, ...each }) => ({ ...each, codeFolder: basename(codeFolder) })),
    });
    // A key is played like any other, whatever it is for.
    const keys = [expect.stringMatching(/^arn:aws:kms:.*:key\/Front-Key$/)];
    expect(withoutFolders(describeWith('Front', watching))).toEqual({
      ...withoutFolders(describeWith('Front', {})),
      keys,
    });
  });

  it('needs no queues where there are only alarms', () => {
    const removed = { DeadLetters: undefined, Work: undefined, News: undefined, NewsToWork: undefined };
    expect(describeWith('Store', removed)).toMatchObject({ queues: [], topics: [] });
  });

  it('plays a topic without subscriptions that a function publishes to', () => {
    const { topics } = describeWith('Front', {
      Published: { Type: 'AWS::SNS::Topic', Properties: {} },
      Publisher: functionWith({ TOPIC: { Ref: 'Published' } }),
    });
    expect(topics.map(({ name }) => name)).toEqual(['Store-News.fifo', 'Front-Published']);
  });

  it.each<[string, object]>([
    ['a stream', { Ref: 'Other' }],
    ['the ARN of a stream', { 'Fn::GetAtt': ['Other', 'Arn'] }],
    ['a stream inside a text', { 'Fn::Sub': `stream \${Other}` }],
  ])('refuses a function that needs %s', (_, value) => {
    const resources = { Other: { Type: 'AWS::Kinesis::Stream' }, Reader: functionWith({ STREAM: value }) };
    expect(() => describeWith('Front', resources)).toThrow(/AWS::Kinesis::Stream/);
  });

  it.each<[string, object]>([
    ['AWS::Scheduler::Schedule', { Target: call }],
    ['AWS::SNS::Subscription', { Protocol: 'lambda', Endpoint: { Ref: 'EchoLive' } }],
    ['AWS::Lambda::Url', { TargetFunctionArn: { 'Fn::GetAtt': 'EchoFunction.Arn' } }],
  ])('refuses an %s that would call a function', (type, properties) => {
    expect(() => describeWith('Front', { Caller: { Type: type, Properties: properties } })).toThrow(
      `Caller would call a function, but the embedded runtime does not play a ${type} that does.`,
    );
  });
});

describe('readApplication, given a rule that calls a function,', () => {
  const call = { Arn: { Ref: 'EchoLive' } };
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  function schedulesWith(properties: object) {
    const folder = mkdtempSync(join(tmpdir(), 'florin-test-'));
    folders.push(folder);
    cpSync(assembly, folder, { recursive: true });
    const file = join(folder, 'Front.template.json');
    const template = JSON.parse(readFileSync(file, 'utf8'));
    template.Resources.Often = { Type: 'AWS::Events::Rule', Properties: properties };
    writeFileSync(file, JSON.stringify(template));
    return readApplication(folder).describe(context).schedules;
  }

  it.each([
    ['rate(5 minutes)', 300_000],
    ['rate(1 minute)', 60_000],
    ['rate(2 hours)', 7_200_000],
    ['rate(1 day)', 86_400_000],
  ])('plays %s', (ScheduleExpression, everyMs) => {
    expect(schedulesWith({ ScheduleExpression, State: 'ENABLED', Targets: [call] })).toEqual([
      {
        logicalId: 'Often',
        arn: 'arn:aws:events:us-east-1:000000000000:rule/Front-Often',
        functionName: 'Front-EchoFunction',
        everyMs,
      },
    ]);
  });

  it('leaves out one that is switched off', () => {
    expect(schedulesWith({ ScheduleExpression: 'rate(1 hour)', State: 'DISABLED', Targets: [call] })).toEqual([]);
  });

  it.each([
    [{ ScheduleExpression: 'cron(0 12 * * ? *)', Targets: [call] }, 'cron'],
    [{ EventPattern: { source: ['aws.s3'] }, Targets: [call] }, '""'],
  ])('refuses %j', (properties, named) => {
    expect(() => schedulesWith(properties)).toThrow(
      new RegExp(`Often would call a function, but .* only rules with a rate, not .*${named}`),
    );
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
