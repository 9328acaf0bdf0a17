import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { expect, it } from '@jest/globals';
import { deployedStages } from '../../infra/deploy/deployed-stages.ts';
import { ApiClient } from '../support/api-client.ts';
import { physicalIds, stageUnderTest, tableOf } from './stage.ts';

const { stage, dataStack } = stageUnderTest();

it('keeps the secret of a webhook sealed with the key that the data stack has made', async () => {
  // Another test may have deployed again since, with another key.
  const deployed = deployedStages().find((one) => one.stage === stage);
  if (!deployed) throw new Error('The deployment left no record of its stage.');
  const api = new ApiClient(deployed.url, deployed.apiKey, { insists: true });
  const { body: webhook } = await api.post('/v1/webhooks', { url: 'http://127.0.0.1:9/hook', types: ['hold.*'] });
  expect(webhook.secret).toMatch(/^whsec_/);
  const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));
  const keys = new KMSClient({});
  try {
    const { Item } = await documents.send(
      new GetCommand({
        TableName: await tableOf(dataStack, 'Platform'),
        Key: { PK: 'T#default#W', SK: webhook.id },
        ConsistentRead: true,
      }),
    );
    expect(Item?.secrets).toEqual([{ sealed: expect.any(String), createdAt: expect.any(Number) }]);
    expect(JSON.stringify(Item)).not.toContain(webhook.secret.slice('whsec_'.length));
    const { Plaintext = new Uint8Array(), KeyId } = await keys.send(
      new DecryptCommand({
        KeyId: `alias/florin-${stage}-secrets`,
        CiphertextBlob: Buffer.from(Item?.secrets[0].sealed, 'base64'),
        EncryptionContext: { tenant: 'default', webhook: webhook.id },
      }),
    );
    expect(Buffer.from(Plaintext).toString()).toBe(webhook.secret);
    const [keyId = 'none'] = Object.values(await physicalIds(dataStack, 'AWS::KMS::Key'));
    expect(KeyId).toContain(keyId);
  } finally {
    keys.destroy();
    documents.destroy();
    await api.delete(`/v1/webhooks/${webhook.id}`);
  }
}, 60_000);
