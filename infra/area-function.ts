import path from 'node:path';
import type { Construct } from 'constructs';
import { routes } from '../lib/http/routes.ts';
import { type Area, areas } from './areas.ts';
import { LedgerFunction } from './ledger-function.ts';
import type { RegionalState } from './regional-state.ts';
import { serviceNameOf } from './service-name.ts';

export interface AreaFunctionProps {
  readonly area: Area;
  /** The folder that holds one folder with an `index.mjs` for each function. */
  readonly bundles: string;
  readonly state: RegionalState;
  readonly apiKeySha256: string;
}

/** The function that serves one area of the API. It learns the name of a table only together with the leave to use it. */
export class AreaFunction extends LedgerFunction {
  constructor(scope: Construct, id: string, props: AreaFunctionProps) {
    const needs = areas[props.area];
    const { ledger, idempotency, flags } = props.state;
    const usesLedger = needs.ledgerActions.length > 0;
    // Only changes can be switched off, so a function that only reads never looks at the flags.
    const obeysFlags = routes.some((route) => route.area === props.area && route.method !== 'GET');
    super(scope, id, {
      description: needs.description,
      bundle: path.join(props.bundles, props.area),
      serviceName: serviceNameOf(props.area),
      environment: {
        ...(usesLedger && { LEDGER_TABLE: ledger.tableName }),
        ...(needs.replays && { IDEMPOTENCY_TABLE: idempotency.tableName }),
        ...(obeysFlags && flags.environment),
        ...(needs.checksAccess && { API_KEY_SHA256: props.apiKeySha256 }),
      },
    });
    if (usesLedger) ledger.grantItems(this, needs.ledgerActions);
    for (const index of needs.ledgerIndexes) ledger.grantIndexQuery(this, index);
    if (needs.replays) idempotency.grantReplay(this);
    if (obeysFlags) flags.grantRead(this);
  }
}
