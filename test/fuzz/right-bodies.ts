import { asset, type KnownIds, nowhere } from './known-ids.ts';

/** For each operation that has a body, by its name, one that is right beside what is there. */
export function rightBodies(ids: KnownIds): Readonly<Record<string, unknown>> {
  const [, , source, destination] = ids.accountId ?? [];
  const movement = { asset, amount: '20' };
  const transfer = { source, destination, ...movement };
  const redaction = { reason: 'erasure request 1' };
  return {
    createAsset: { code: 'FUZZ/3', name: 'Fuzz' },
    createAccount: { id: 'fuzz_right', metadata: { colour: 'blue' } },
    updateAccount: { metadata: { colour: 'green' } },
    createDeposit: movement,
    createWithdrawal: movement,
    createTopUp: movement,
    createBonus: movement,
    createSpend: movement,
    createTransfer: transfer,
    createTransaction: { postings: [transfer] },
    createReversal: {},
    createBatch: { transactions: [transfer, transfer] },
    createHold: { account: source, ...movement },
    captureHold: { destination },
    createFeeSchedule: { rules: [] },
    createMonitor: { asset, below: '5' },
    updateMonitor: { below: '7' },
    // The others are for the operations on one of them.
    reprocessDeadLetters: { ids: ids.deadLetterId?.slice(-1) },
    discardDeadLetter: { reason: 'repaired' },
    createWebhook: { url: nowhere, types: ['hold.*'] },
    updateWebhook: { description: 'right' },
    rotateWebhookSecret: {},
    replayEvents: { from: '1', to: '2' },
    createClient: { name: 'right', roles: ['reader'] },
    updateClient: { name: 'right' },
    rotateClientKey: {},
    revokeClient: {},
    redactTransaction: redaction,
    redactHold: redaction,
    redactAccount: redaction,
  };
}
