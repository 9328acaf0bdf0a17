import { CfnOutput, CfnParameter, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ledgerTable, platformTable } from '../lib/config/ledger-table.ts';
import { Alarms } from './alarms.ts';
import { AreaFunction } from './area-function.ts';
import { type Area, areas } from './areas.ts';
import { Dashboards } from './dashboards/dashboards.ts';
import type { Surroundings } from './function-needs.ts';
import { GradualRelease } from './gradual-release.ts';
import { LedgerApi } from './ledger-api.ts';
import { Messaging } from './messaging.ts';
import type { Options } from './options.ts';
import { outputs } from './outputs.ts';
import type { RegionalState } from './regional-state.ts';
import { Sampling } from './sampling.ts';
import { serviceNameOf } from './service-name.ts';
import type { Stage } from './stage.ts';
import { watchApi, watchAudit, watchFunction, watchHolds, watchReplica, watchTable } from './watch.ts';
import { WorkerFunction } from './worker-function.ts';
import { type Worker, workers } from './workers.ts';

/** The part of the requests that is traced in production. */
const TRACED_IN_PRODUCTION = 0.05;

export interface ApiStackProps extends StackProps {
  readonly stage: Stage;
  readonly options: Options;
  /** The folder that holds one folder with an `index.mjs` for each function. */
  readonly bundles: string;
  readonly state: RegionalState;
  /** The Region that what is written here is replicated to. */
  readonly replicatesTo?: string | undefined;
}

/** What may be replaced at any time: a function for each area and each worker, with its grants, the queues between them, the API in front of the areas, and what watches over them. */
export class ApiStack extends Stack {
  constructor(scope: Construct, id: string, props: ApiStackProps) {
    super(scope, id, props);
    const { stage, options, state } = props;
    const api = new LedgerApi(this, 'Api', { stage: stage.name });
    const apiKeySha256 = options.apiKeySha256 ?? apiKeyParameter(this).valueAsString;
    const messaging = new Messaging(this, 'Messaging', { stage: stage.name });
    const surroundings = { state, messaging, webhookTargets: options.webhookTargets };
    const functions = serveAreas(this, api, apiKeySha256, { ...surroundings, bundles: props.bundles });
    const workerFunctions = employWorkers(this, { ...surroundings, bundles: props.bundles });
    const tables = {
      ledger: { name: state.ledger.tableName, indexes: Object.values(ledgerTable.indexes) },
      platform: { name: state.platform.tableName, indexes: Object.values(platformTable.indexes) },
      idempotency: { name: state.idempotency.tableName, indexes: [] },
    };

    const alarms = new Alarms(this, 'Alarms', { stage: stage.name, email: options.alarmEmail });
    const apiErrors = watchApi(alarms, api);
    for (const area of areaNames) {
      const functionErrors = watchFunction(alarms, area, functions[area].live);
      if (stage.isProduction && areas[area].movesMoney) {
        const watched = [functionErrors, apiErrors];
        new GradualRelease(functions[area], 'Release', { alias: functions[area].live, alarms: watched, ...options });
      }
    }
    for (const [name, { live }] of Object.entries(workerFunctions))
      watchFunction(alarms, name.replaceAll('-', ''), live);
    watchAudit(alarms, stage.name);
    watchHolds(alarms, stage.name);
    for (const [what, table] of Object.entries(tables)) watchTable(alarms, what, table);
    if (props.replicatesTo !== undefined) watchReplica(alarms, tables.ledger, props.replicatesTo);
    new Dashboards(this, 'Dashboards', {
      stage: stage.name,
      api,
      functions: { ...functions, ...workerFunctions },
      tables,
      alarms: alarms.raised,
    });
    if (stage.isProduction) {
      new Sampling(this, 'Sampling', { apiName: api.name, stage: stage.name, rate: TRACED_IN_PRODUCTION });
    }

    new CfnOutput(this, outputs.apiUrl, { value: api.url, description: 'Where the API answers' });
    new CfnOutput(this, outputs.apiKeySha256, {
      value: apiKeySha256,
      description: 'SHA-256 of the API key that opens this stage, for the next deployment to keep',
    });
    new CfnOutput(this, outputs.alarmTopic, {
      value: alarms.topicArn,
      description: 'Where alarms are told; subscribe here',
    });
  }
}

const areaNames = Object.keys(areas) as Area[];
const workerNames = Object.keys(workers) as Worker[];

interface FunctionSurroundings extends Surroundings {
  readonly bundles: string;
}

/** Makes the function of each area and routes its part of the API to it. */
function serveAreas(
  stack: Stack,
  api: LedgerApi,
  apiKeySha256: string,
  surroundings: FunctionSurroundings,
): Readonly<Record<Area, AreaFunction>> {
  const served = areaNames.map((area) => {
    const id = area.charAt(0).toUpperCase() + area.slice(1);
    const code = new AreaFunction(stack, id, { ...surroundings, area, apiKeySha256 });
    api.serve(area, code.live);
    return [area, code] as const;
  });
  // The names of all areas went in, so all of them come out.
  return Object.fromEntries(served) as Record<Area, AreaFunction>;
}

/** Makes the function of each worker, with what wakes it. */
function employWorkers(stack: Stack, surroundings: FunctionSurroundings): Readonly<Record<Worker, WorkerFunction>> {
  const employed = workerNames.map((worker) => {
    const id = worker.replace(/(?:^|-)(\w)/g, (_, first: string) => first.toUpperCase());
    const named = { name: worker, serviceName: serviceNameOf(worker), needs: workers[worker] };
    return [worker, new WorkerFunction(stack, id, { ...surroundings, ...named })] as const;
  });
  // The names of all workers went in, so all of them come out.
  return Object.fromEntries(employed) as Record<Worker, WorkerFunction>;
}

function apiKeyParameter(stack: Stack): CfnParameter {
  return new CfnParameter(stack, 'ApiKeySha256', {
    description: 'Lower-case hex SHA-256 of the API key that opens this stage. The key itself is stored nowhere.',
    allowedPattern: '^[0-9a-f]{64}$',
    constraintDescription: 'must be 64 lower-case hexadecimal digits',
  });
}
