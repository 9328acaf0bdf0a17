import { beforeAll, describe, expect, it } from '@jest/globals';
import { type CloudFormationTemplate, type NamedResource, propertyOf, resourcesOf } from './cloudformation-template.ts';
import { synthesise } from './synthesise.ts';

let template: CloudFormationTemplate;
beforeAll(async () => {
  template = (await synthesise()).data;
}, 300_000);

function table(prefix: string): NamedResource {
  const found = resourcesOf(template, 'AWS::DynamoDB::GlobalTable').filter(({ logicalId }) =>
    logicalId.startsWith(prefix),
  );
  if (found.length !== 1 || found[0] === undefined) throw new Error(`There are ${found.length} tables ${prefix}`);
  return found[0];
}

const key = (AttributeName: string, KeyType: string) => ({ AttributeName, KeyType });

describe('DataStack', () => {
  it('holds the three tables, the flags, the key of the secrets with its name, and nothing else', () => {
    expect(Object.values(template.Resources).map(({ Type }) => Type)).toEqual([
      'AWS::DynamoDB::GlobalTable',
      'AWS::DynamoDB::GlobalTable',
      'AWS::DynamoDB::GlobalTable',
      'AWS::SSM::Parameter',
      'AWS::KMS::Key',
      'AWS::KMS::Alias',
    ]);
  });

  it.each(['Ledger', 'Platform', 'Idempotency'])(
    'bills %s by request and encrypts it with a key of the account',
    (name) => {
      expect(propertyOf(table(name), 'BillingMode')).toBe('PAY_PER_REQUEST');
      expect(propertyOf(table(name), 'SSESpecification')).toEqual({ SSEEnabled: true, SSEType: 'KMS' });
    },
  );
});

describe.each(['Ledger', 'Platform'])('the table %s', (name) => {
  it('survives the deletion of its stack, of its resource and of the table itself', () => {
    expect(table(name)).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    expect(propertyOf(table(name), 'Replicas.0.DeletionProtectionEnabled')).toBe(true);
  });

  it('can be restored to any point in time', () => {
    expect(propertyOf(table(name), 'Replicas.0.PointInTimeRecoverySpecification')).toEqual({
      PointInTimeRecoveryEnabled: true,
    });
  });
});

describe('LedgerTable', () => {
  it('streams new and old images', () => {
    expect(propertyOf(table('Ledger'), 'StreamSpecification')).toEqual({ StreamViewType: 'NEW_AND_OLD_IMAGES' });
  });

  it('never expires an item', () => {
    expect(propertyOf(table('Ledger'), 'TimeToLiveSpecification')).toBeUndefined();
  });

  // The names are written out, since they are part of stored rows. DynamoDB adds or drops one index in an update: a change here that
  // touches two needs two releases.
  it('has the keys and indexes that stored rows were written for', () => {
    expect(propertyOf(table('Ledger'), 'KeySchema')).toEqual([key('PK', 'HASH'), key('SK', 'RANGE')]);
    expect(propertyOf(table('Ledger'), 'GlobalSecondaryIndexes')).toEqual([
      {
        IndexName: 'accountsByTenant',
        KeySchema: [key('accountsOf', 'HASH'), key('accountId', 'RANGE')],
        Projection: { ProjectionType: 'ALL' },
      },
      {
        IndexName: 'due',
        KeySchema: [key('dueBucket', 'HASH'), key('dueAt', 'RANGE')],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ]);
    expect(propertyOf(table('Ledger'), 'AttributeDefinitions')).toEqual(
      ['PK', 'SK', 'accountsOf', 'accountId', 'dueBucket', 'dueAt'].map((AttributeName) => ({
        AttributeName,
        AttributeType: 'S',
      })),
    );
  });
});

describe('PlatformTable', () => {
  it('expires what says when', () => {
    expect(propertyOf(table('Platform'), 'TimeToLiveSpecification')).toEqual({
      AttributeName: 'expiresAtSeconds',
      Enabled: true,
    });
  });

  it('has no stream: nobody reads what happens to it', () => {
    expect(propertyOf(table('Platform'), 'StreamSpecification')).toBeUndefined();
  });

  // Written out for the same reason as above.
  it('has the keys and the index that stored rows were written for', () => {
    expect(propertyOf(table('Platform'), 'KeySchema')).toEqual([key('PK', 'HASH'), key('SK', 'RANGE')]);
    expect(propertyOf(table('Platform'), 'GlobalSecondaryIndexes')).toEqual([
      {
        IndexName: 'due',
        KeySchema: [key('dueBucket', 'HASH'), key('dueAt', 'RANGE')],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ]);
  });
});

describe('SecretsKey', () => {
  const key = () => resourcesOf(template, 'AWS::KMS::Key')[0];

  it('survives the deletion of its stack, as the table does that has what it sealed', () => {
    expect(key()).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    expect(key()?.Properties).toMatchObject({ PendingWindowInDays: 30 });
  });

  it('is renewed every year', () => {
    expect(key()?.Properties).toMatchObject({ EnableKeyRotation: true });
  });

  // KMS makes no replica of a key that was made without this, and CloudFormation cannot change it.
  it('may be replicated to another Region', () => {
    expect(key()?.Properties).toMatchObject({ MultiRegion: true });
  });

  it('has a name that operators know', () => {
    expect(resourcesOf(template, 'AWS::KMS::Alias')).toMatchObject([
      {
        Properties: {
          AliasName: 'alias/florin-test-secrets',
          TargetKeyId: { 'Fn::GetAtt': [key()?.logicalId, 'Arn'] },
        },
      },
    ]);
  });
});

describe('IdempotencyTable', () => {
  it('is keyed and expired as Powertools writes it', () => {
    expect(propertyOf(table('Idempotency'), 'KeySchema')).toEqual([key('id', 'HASH')]);
    expect(propertyOf(table('Idempotency'), 'TimeToLiveSpecification')).toEqual({
      AttributeName: 'expiration',
      Enabled: true,
    });
  });

  it('goes with its stack', () => {
    expect(table('Idempotency')).toMatchObject({ DeletionPolicy: 'Delete' });
  });
});
