import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';

export interface AlarmTopicProps {
  /** The names of the alarms that may publish, with `*` for any end. */
  readonly alarmNames: string;
  /** Gets a mail for each alarm, once its owner has confirmed. */
  readonly email: string | undefined;
}

/** Where alarms are told to people: encrypted, over TLS only, and open to this stage's alarms alone. */
export class AlarmTopic extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, { alarmNames, email }: AlarmTopicProps) {
    super(scope, id);
    // A key of our own: CloudWatch may not use the one that AWS manages for SNS, and drops its notifications without a word.
    const key = new Key(this, 'Key', {
      description: 'Encrypts the notifications of alarms',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.topic = new Topic(this, 'Topic', { displayName: 'Florin alarms', masterKey: key, enforceSSL: true });
    const stack = Stack.of(this);
    const alarm = {
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      conditions: {
        StringEquals: { 'aws:SourceAccount': stack.account },
        ArnLike: {
          'aws:SourceArn': `arn:${stack.partition}:cloudwatch:${stack.region}:${stack.account}:alarm:${alarmNames}`,
        },
      },
    };
    // Enforcing TLS gives the topic a policy, and with it goes the default one that let everything in the account publish.
    this.topic.addToResourcePolicy(
      new PolicyStatement({ ...alarm, actions: ['sns:Publish'], resources: [this.topic.topicArn] }),
    );
    key.addToResourcePolicy(
      new PolicyStatement({ ...alarm, actions: ['kms:Decrypt', 'kms:GenerateDataKey*'], resources: ['*'] }),
    );
    if (email !== undefined) this.topic.addSubscription(new EmailSubscription(email));
  }
}
