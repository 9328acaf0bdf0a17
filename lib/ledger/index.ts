/** The pure core: it decides, and knows nothing of where or how a decision is kept. */
export * from './account.ts';
export * from './account-change.ts';
export * from './asset.ts';
export * from './balance.ts';
export * from './canonical-json.ts';
export * from './command.ts';
export * from './decide.ts';
export * from './entry.ts';
export * from './errors.ts';
export * from './flows.ts';
export * from './identifiers.ts';
export * from './limits.ts';
export * from './money.ts';
export * from './posting.ts';
export * from './state.ts';
export * from './transaction.ts';
