import {
  Alarm,
  ComparisonOperator,
  type CreateAlarmOptions,
  type IAlarm,
  type IMetric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Construct } from 'constructs';
import { type AlarmId, alarmList, alarmNameOf, anchorOf, runbookPath, wordsOf } from './alarm-list.ts';
import { AlarmTopic } from './alarm-topic.ts';

export interface AlarmsProps {
  /** The name of the stage. */
  readonly stage: string;
  readonly email: string | undefined;
}

/** What sets an alarm off, and which of several of a kind it is. */
export interface AlarmCondition
  extends Pick<
    CreateAlarmOptions,
    'threshold' | 'evaluationPeriods' | 'datapointsToAlarm' | 'evaluateLowSampleCountPercentile' | 'treatMissingData'
  > {
  readonly metric: IMetric;
  /** The function, queue or table that is watched, where there is one alarm for each. Lower-case letters, digits and dashes. */
  readonly of?: string;
  /** By default the metric has to exceed the threshold. */
  readonly comparisonOperator?: ComparisonOperator;
}

/**
 * The alarms of a stage, each told to one topic when it goes off and when it is over, with a sentence on what it means and the
 * runbook's heading.
 */
export class Alarms extends Construct {
  readonly topicArn: string;
  readonly #raised: IAlarm[] = [];
  readonly #stage: string;
  readonly #tell: SnsAction;

  constructor(scope: Construct, id: string, { stage, email }: AlarmsProps) {
    super(scope, id);
    this.#stage = stage;
    const { topic } = new AlarmTopic(this, 'Topic', { alarmNames: `florin-${stage}-*`, email });
    this.topicArn = topic.topicArn;
    this.#tell = new SnsAction(topic);
  }

  /** Those raised so far, by their names: what shows them does not depend on their being there. */
  get raised(): readonly IAlarm[] {
    return this.#raised;
  }

  /** Raises the alarm on a condition. */
  raise(id: AlarmId, { of, ...condition }: AlarmCondition): Alarm {
    const { meaning, heading } = alarmList[id];
    const alarmName = alarmNameOf(this.#stage, id, of);
    const constructId = [...wordsOf(id), ...(of?.split('-') ?? [])].map(capitalised).join('');
    const alarm = new Alarm(this, constructId, {
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      // Nearly every metric here counts or times something that happens; while nothing happens CloudWatch has no data, and nothing is wrong.
      treatMissingData: TreatMissingData.NOT_BREACHING,
      ...condition,
      alarmName,
      alarmDescription: `${meaning} See ${runbookPath}#${anchorOf(heading)}`,
    });
    alarm.addAlarmAction(this.#tell);
    alarm.addOkAction(this.#tell);
    this.#raised.push(Alarm.fromAlarmName(this, `${constructId}ByName`, alarmName));
    return alarm;
  }
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
