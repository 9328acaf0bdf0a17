import path from 'node:path';
import type { Construct } from 'constructs';
import { routes } from '../lib/http/routes.ts';
import { type Area, areas } from './areas.ts';
import type { FlagsParameter } from './flags-parameter.ts';
import type { IdempotencyTable } from './idempotency-table.ts';
import type { LedgerAccess } from './ledger-access.ts';
import { LedgerFunction } from './ledger-function.ts';
import { serviceNameOf } from './service-name.ts';

export interface AreaFunctionProps {
  readonly area: Area;
  /** The folder that holds one folder with an `index.mjs` for each function. */
  readonly bundles: string;
  readonly ledger: LedgerAccess;
  readonly idempotency: IdempotencyTable;
  readonly flags: FlagsParameter;
  readonly apiKeySha256: string;
}

/** The function that serves one area of the API. It learns the name of a table only together with the leave to use it. */
export class AreaFunction extends LedgerFunction {
  constructor(scope: Construct, id: string, props: AreaFunctionProps) {
    const needs = areas[props.area];
    const usesLedger = needs.ledgerActions.length > 0;
    // Only changes can be switched off, so a function that only reads never looks at the flags.
    const obeysFlags = routes.some((route) => route.area === props.area && route.method !== 'GET');
    super(scope, id, {
      description: needs.description,
      bundle: path.join(props.bundles, props.area),
      serviceName: serviceNameOf(props.area),
      environment: {
        ...(usesLedger && { LEDGER_TABLE: props.ledger.tableName }),
        ...(needs.replays && { IDEMPOTENCY_TABLE: props.idempotency.tableName }),
        ...(obeysFlags && { FLAGS_PARAMETER: props.flags.parameterName }),
        ...(needs.checksAccess && { API_KEY_SHA256: props.apiKeySha256 }),
      },
    });
    if (usesLedger) props.ledger.grantItems(this, needs.ledgerActions);
    for (const index of needs.ledgerIndexes) props.ledger.grantIndexQuery(this, index);
    if (needs.replays) props.idempotency.grantReplay(this);
    if (obeysFlags) props.flags.grantRead(this);
  }
}
