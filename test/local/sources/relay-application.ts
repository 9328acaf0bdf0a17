import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Resources of a template by their logical ids. */
export type Resources = Readonly<Record<string, { readonly Type: string; readonly Properties?: object }>>;

/**
 * Each function hands its event on by HTTP and does what it is told: it answers with the body of a 200, and throws the body of
 * anything else. So a test decides what a function does, in whichever process that runs.
 */
const relaySource = `
export async function relay(event, context) {
  const store = globalThis.awslambda.InvokeStore;
  const answer = await fetch(process.env.RELAY_URL + '/' + context.functionName.split('-')[1], {
    method: 'POST',
    headers: { 'x-trace': String(store.getXRayTraceId()) },
    body: JSON.stringify(event),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return JSON.parse(text);
}
`;

/** Writes a synthesised application of one stack named Relays, with an empty API beside the resources given. */
export function writeApplication(folder: string, resources: Resources): string {
  mkdirSync(join(folder, 'asset.relay'), { recursive: true });
  const write = (name: string, content: object): void => writeFileSync(join(folder, name), JSON.stringify(content));
  writeFileSync(join(folder, 'asset.relay/index.mjs'), relaySource);
  write('Relays.template.json', { Resources: { Api: { Type: 'AWS::ApiGateway::RestApi' }, ...resources } });
  write('Relays.assets.json', {
    files: { relay: { source: { path: 'asset.relay' }, destinations: { current: { objectKey: 'relay.zip' } } } },
  });
  write('manifest.json', {
    artifacts: {
      'Relays.assets': { type: 'cdk:asset-manifest', properties: { file: 'Relays.assets.json' } },
      Relays: { type: 'aws:cloudformation:stack', properties: { templateFile: 'Relays.template.json' } },
    },
  });
  return folder;
}

/** A table `Things` with the key `id` and a stream. */
export const table: Resources = {
  Things: {
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
    },
  },
};

/** A function that hands its events on, called by a source: `Resources` of the names `<id>` and `<id>Source`. */
export function relay(id: string, relayUrl: string, source: object): Resources {
  return {
    [id]: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        Code: { S3Bucket: 'assets', S3Key: 'relay.zip' },
        Handler: 'index.relay',
        Timeout: 10,
        Environment: { Variables: { RELAY_URL: relayUrl } },
      },
    },
    [`${id}Live`]: {
      Type: 'AWS::Lambda::Alias',
      Properties: { FunctionName: { Ref: id }, FunctionVersion: '1', Name: 'live' },
    },
    [`${id}Source`]: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: { FunctionName: { Ref: `${id}Live` }, ...source },
    },
  };
}

/** What names the stream of `Things` as a source, from its oldest record. */
export const streamOfThings = {
  EventSourceArn: { 'Fn::GetAtt': ['Things', 'StreamArn'] },
  StartingPosition: 'TRIM_HORIZON',
};

/** What names a queue as a source. */
export function fromQueue(id: string): object {
  return { EventSourceArn: { 'Fn::GetAtt': [id, 'Arn'] } };
}

/**
 * A queue, and one for what was received too often from it, named `<id>Dead`. Nothing comes again by itself while a test lasts, unless it
 * says when: how long a busy machine takes to delete a message is no test's business.
 */
export function queue(
  id: string,
  properties: { FifoQueue?: true; VisibilityTimeout?: number } = {},
  maxReceiveCount = 3,
): Resources {
  return {
    [`${id}Dead`]: { Type: 'AWS::SQS::Queue', Properties: properties.FifoQueue ? { FifoQueue: true } : {} },
    [id]: {
      Type: 'AWS::SQS::Queue',
      Properties: {
        VisibilityTimeout: 3_600,
        ...properties,
        RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': [`${id}Dead`, 'Arn'] }, maxReceiveCount },
      },
    },
  };
}
