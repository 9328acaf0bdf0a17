import { StreamViewType } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { ledgerTable } from '../lib/config/ledger-table.ts';
import { keptTable } from './kept-table.ts';
import type { Options } from './options.ts';
import { TableAccess } from './table-access.ts';

/**
 * The money. Of its items only places in line are ever deleted, so only the worker that serves the lines is granted that, and only there.
 * The stream tells the journal and the lines what was written; a replica has one of its own.
 */
export class LedgerTable extends Construct {
  readonly access: TableAccess;
  readonly streamArn: string;

  constructor(scope: Construct, id: string, options: Pick<Options, 'replicaRegion' | 'warmThroughput'>) {
    super(scope, id);
    const { warmThroughput } = options;
    const table = keptTable(this, ledgerTable, options, {
      dynamoStream: StreamViewType[ledgerTable.stream],
      ...(warmThroughput && { warmThroughput }),
    });
    if (table.tableStreamArn === undefined) throw new Error('The ledger table has no stream.');
    this.access = new TableAccess(table.tableName, table.tableArn);
    this.streamArn = table.tableStreamArn;
  }
}
