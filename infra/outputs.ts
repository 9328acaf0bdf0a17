/** The outputs of the stack with the API, by which a deployment and its clients find their way. */
export const outputs = {
  apiUrl: 'ApiUrl',
  /** The digest of the key that is deployed, which the next deployment keeps. */
  apiKeySha256: 'DeployedApiKeySha256',
  /** The topic that is told of alarms. */
  alarmTopic: 'AlarmTopicArn',
} as const;
