import { CfnOutput, CfnParameter, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AreaFunction } from './area-function.ts';
import { type Area, areas } from './areas.ts';
import type { FlagsParameter } from './flags-parameter.ts';
import type { IdempotencyTable } from './idempotency-table.ts';
import { LedgerApi } from './ledger-api.ts';
import type { LedgerTable } from './ledger-table.ts';
import type { Stage } from './stage.ts';

export interface ApiStackProps extends StackProps {
  readonly stage: Stage;
  /** The folder that holds one folder with an `index.mjs` for each function. */
  readonly bundles: string;
  readonly ledger: LedgerTable;
  readonly idempotency: IdempotencyTable;
  readonly flags: FlagsParameter;
}

/** What may be replaced at any time: a function for each area, with its grants, and the API in front of them. */
export class ApiStack extends Stack {
  constructor(scope: Construct, id: string, props: ApiStackProps) {
    super(scope, id, props);
    const { stage, bundles, ledger, idempotency, flags } = props;
    const apiKey = new CfnParameter(this, 'ApiKeySha256', {
      description: 'Lower-case hex SHA-256 of the API key that opens this stage. The key itself is stored nowhere.',
      allowedPattern: '^[0-9a-f]{64}$',
      constraintDescription: 'must be 64 lower-case hexadecimal digits',
    });

    const api = new LedgerApi(this, 'Api', { stage: stage.name });
    for (const area of Object.keys(areas) as Area[]) {
      const id = area.charAt(0).toUpperCase() + area.slice(1);
      const apiKeySha256 = apiKey.valueAsString;
      api.serve(area, new AreaFunction(this, id, { area, bundles, ledger, idempotency, flags, apiKeySha256 }).live);
    }
    new CfnOutput(this, 'ApiUrl', { value: api.url, description: 'Where the API answers' });
  }
}
