/** The outputs of the stacks, by which a deployment and its clients find their way. */
export const outputs = {
  /** The name of the ledger table, which its replica in another Region has too. */
  ledgerTable: 'LedgerTableName',
  apiUrl: 'ApiUrl',
  /** The digest of the key that is deployed, which the next deployment keeps. */
  apiKeySha256: 'DeployedApiKeySha256',
  /** The topic that is told of alarms. */
  alarmTopic: 'AlarmTopicArn',
} as const;
