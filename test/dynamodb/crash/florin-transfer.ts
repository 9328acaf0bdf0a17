/** The same transfer through the ledger. Arguments: endpoint, ledger table. */
import { Ledger } from '../../../lib/dynamodb/index.ts';
import { transfer } from '../../support/ledger-fixture.ts';

const [, , endpoint = '', table = ''] = process.argv;
const ledger = new Ledger({ table, endpoint });
const outcome = await ledger.post(transfer('alice', 'bob', 10, { key: 'k1' }), 20_000);
console.log(outcome.kind === 'settled' ? `done ${outcome.replayed ? 'replayed' : 'first'}` : JSON.stringify(outcome));
