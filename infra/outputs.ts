/** The outputs of the stacks, by which a deployment and its clients find their way. */
export const outputs = {
  /** The name of the ledger table, which its replica in another Region has too. */
  ledgerTable: 'LedgerTableName',
  /** The same of the platform table. */
  platformTable: 'PlatformTableName',
  /** The key that seals the secrets in it. */
  secretsKey: 'SecretsKeyArn',
  apiUrl: 'ApiUrl',
  /** The digest of the key that is deployed, which the next deployment keeps. */
  apiKeySha256: 'DeployedApiKeySha256',
  /** The topic that is told of alarms. */
  alarmTopic: 'AlarmTopicArn',
} as const;

/** What the standby is told as parameters, beside the tables and the key, which have the names of the outputs above. */
export const standbyParameters = {
  /** No output of the primary tells it: each Region's stream has a label of its own. */
  ledgerStream: 'LedgerStreamArn',
} as const;
