import path from 'node:path';
import type { Construct } from 'constructs';
import { routes } from '../lib/http/routes.ts';
import { accessNeeds } from './access-needs.ts';
import { type Area, areas } from './areas.ts';
import { environmentFor, grantNeeds, grantTable, type Surroundings } from './function-needs.ts';
import type { KnownCredentials } from './known-credentials.ts';
import { LedgerFunction } from './ledger-function.ts';
import { functionNameOf, logGroupNameOf, serviceNameOf } from './service-name.ts';
import { stageOf } from './stage.ts';

export interface AreaFunctionProps extends Surroundings, KnownCredentials {
  readonly area: Area;
  /** The folder that holds one folder with an `index.mjs` for each function. */
  readonly bundles: string;
}

/** The function that serves one area of the API. It learns the name of a table, queue or topic only together with the leave to use it. */
export class AreaFunction extends LedgerFunction {
  constructor(scope: Construct, id: string, props: AreaFunctionProps) {
    const needs = areas[props.area];
    const { flags, platform } = props.state;
    // Only changes can be switched off, so a function that only reads never looks at the flags.
    const obeysFlags = routes.some((route) => route.area === props.area && route.method !== 'GET');
    const stage = stageOf(scope).name;
    super(scope, id, {
      functionName: functionNameOf(stage, props.area),
      logGroupName: logGroupNameOf(stage, props.area),
      description: needs.description,
      bundle: path.join(props.bundles, props.area),
      serviceName: serviceNameOf(props.area),
      environment: {
        ...environmentFor(needs, props),
        ...(obeysFlags && flags.environment),
        ...(needs.makesKeys && { KEY_LABEL: stage }),
        ...(needs.checksAccess && {
          API_KEY_SHA256: props.apiKeySha256,
          TOKEN_ISSUERS: props.tokenIssuers,
          PLATFORM_TABLE: platform.tableName,
        }),
      },
    });
    grantNeeds(this, needs, props);
    if (needs.checksAccess) grantTable(this, accessNeeds, platform);
    if (obeysFlags) flags.grantRead(this);
  }
}
