import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { alarmNameOf } from './alarm-list.ts';
import { AreaFunction } from './area-function.ts';
import { type Area, areas } from './areas.ts';
import type { Surroundings } from './function-needs.ts';
import { GradualRelease } from './gradual-release.ts';
import { type KnownCredentials, knownCredentials } from './known-credentials.ts';
import { LedgerApi } from './ledger-api.ts';
import { MessageAddresses } from './message-addresses.ts';
import type { Options } from './options.ts';
import { outputs } from './outputs.ts';
import type { RegionalState } from './regional-state.ts';
import { Sampling } from './sampling.ts';
import type { Stage } from './stage.ts';

/** The part of the requests that is traced in production. */
const TRACED_IN_PRODUCTION = 0.05;

export interface ApiStackProps extends StackProps {
  readonly stage: Stage;
  readonly options: Options;
  /** The folder that holds one folder with an `index.mjs` for each function. */
  readonly bundles: string;
  readonly state: RegionalState;
}

/** What serves requests, and may be replaced at any time: a function for each area, with its grants, and the API in front of them. */
export class ApiStack extends Stack {
  constructor(scope: Construct, id: string, props: ApiStackProps) {
    super(scope, id, props);
    const { stage, options, state } = props;
    const api = new LedgerApi(this, 'Api', { stage: stage.name, limit: options.stageLimit });
    const credentials = knownCredentials(this, options);
    const functions = serveAreas(this, api, {
      state,
      addresses: new MessageAddresses(this, stage.name),
      ...credentials,
      webhookTargets: options.webhookTargets,
      bundles: props.bundles,
    });
    if (stage.isProduction) releaseGradually(functions, stage.name, options);
    if (stage.isProduction) {
      new Sampling(this, 'Sampling', { apiName: api.name, stage: stage.name, rate: TRACED_IN_PRODUCTION });
    }

    new CfnOutput(this, outputs.apiUrl, { value: api.url, description: 'Where the API answers' });
    new CfnOutput(this, outputs.apiKeySha256, {
      value: credentials.apiKeySha256,
      description: 'SHA-256 of the API key that opens this stage, for the next deployment to keep',
    });
  }
}

const areaNames = Object.keys(areas) as Area[];

interface FunctionSurroundings extends Surroundings, KnownCredentials {
  readonly bundles: string;
}

/** Makes the function of each area and routes its part of the API to it. */
function serveAreas(
  stack: Stack,
  api: LedgerApi,
  surroundings: FunctionSurroundings,
): Readonly<Record<Area, AreaFunction>> {
  const served = areaNames.map((area) => {
    const id = area.charAt(0).toUpperCase() + area.slice(1);
    const code = new AreaFunction(stack, id, { ...surroundings, area });
    api.serve(area, code.live);
    return [area, code] as const;
  });
  // The names of all areas went in, so all of them come out.
  return Object.fromEntries(served) as Record<Area, AreaFunction>;
}

/** Lets a release of what moves money be tried on a few requests first, and taken back by the errors of the function or of the API. */
function releaseGradually(
  functions: Readonly<Record<Area, AreaFunction>>,
  stage: string,
  { canary }: Pick<Options, 'canary'>,
): void {
  for (const area of areaNames.filter((name) => areas[name].movesMoney)) {
    const alarms = [alarmNameOf(stage, 'functionErrors', area), alarmNameOf(stage, 'apiErrorRate')];
    new GradualRelease(functions[area], 'Release', { alias: functions[area].live, alarms, canary });
  }
}
