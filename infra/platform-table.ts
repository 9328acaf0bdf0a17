import { Construct } from 'constructs';
import { platformTable } from '../lib/config/ledger-table.ts';
import { keptTable } from './kept-table.ts';
import type { Options } from './options.ts';
import { TableAccess } from './table-access.ts';

/**
 * What is around the money: webhook endpoints and their deliveries, balance monitors, dead letters, how far consumers have got. Kept like the
 * money, since endpoints and dead letters are nowhere else; what is of use for a while only expires by itself.
 */
export class PlatformTable extends Construct {
  readonly access: TableAccess;

  constructor(scope: Construct, id: string, options: Pick<Options, 'replicaRegion'>) {
    super(scope, id);
    const table = keptTable(this, platformTable, options, { timeToLiveAttribute: platformTable.expiryAttribute });
    this.access = new TableAccess(table.tableName, table.tableArn);
  }
}
