import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ledgerTable, platformTable } from '../lib/config/ledger-table.ts';
import { Alarms } from './alarms.ts';
import { type Area, areas } from './areas.ts';
import { Dashboards } from './dashboards/dashboards.ts';
import type { Options } from './options.ts';
import { outputs } from './outputs.ts';
import type { RegionalState } from './regional-state.ts';
import type { Stage } from './stage.ts';
import { watchAccess, watchApi, watchAudit, watchFunction, watchHolds, watchReplica, watchTable } from './watch.ts';
import { watchFlow } from './watch-flow.ts';
import { type Worker, workers } from './workers.ts';

export interface WatchStackProps extends StackProps {
  readonly stage: Stage;
  readonly options: Pick<Options, 'alarmEmail'>;
  readonly state: RegionalState;
  /** The Region that what is written here is replicated to. */
  readonly replicatesTo?: string | undefined;
}

/**
 * What watches over a stage: alarms, the topic that they are told to, and dashboards. It knows the API, the functions and the queues by their names
 * alone, so that it can be there before them: a release to production looks at its alarms.
 */
export class WatchStack extends Stack {
  constructor(scope: Construct, id: string, props: WatchStackProps) {
    super(scope, id, props);
    const stage = props.stage.name;
    const { ledger, platform, idempotency } = props.state;
    const functions = [...(Object.keys(areas) as Area[]), ...(Object.keys(workers) as Worker[])];
    const tables = {
      ledger: { name: ledger.tableName, indexes: Object.values(ledgerTable.indexes) },
      platform: { name: platform.tableName, indexes: Object.values(platformTable.indexes) },
      idempotency: { name: idempotency.tableName, indexes: [] },
    };

    const alarms = new Alarms(this, 'Alarms', { stage, email: props.options.alarmEmail });
    watchApi(alarms, stage);
    for (const name of functions) watchFunction(alarms, stage, name);
    for (const area of Object.keys(areas) as Area[]) {
      if (areas[area].checksAccess) watchAccess(alarms, stage, area);
    }
    watchAudit(alarms, stage);
    watchHolds(alarms, stage);
    watchFlow(alarms, stage);
    for (const [what, table] of Object.entries(tables)) watchTable(alarms, what, table);
    if (props.replicatesTo !== undefined) watchReplica(alarms, tables.ledger, props.replicatesTo);
    new Dashboards(this, 'Dashboards', { stage, functions, tables, alarms: alarms.raised });

    new CfnOutput(this, outputs.alarmTopic, {
      value: alarms.topicArn,
      description: 'Where alarms are told; subscribe here',
    });
  }
}
