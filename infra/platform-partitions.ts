/**
 * The kinds of partitions of the platform table, as grants name them: keys of clients and the audit log lie in that table too, so no function may come near more of
 * it than it works with. The keys themselves are made in `lib/platform/keys.ts`; tenants, accounts and ids have no `#`.
 */

/** The partitions of all tenants' audit logs. */
export const auditLogs = 'T#*#AUDIT';

/** The API clients of all tenants. */
export const clients = 'T#*#K';

/** The endpoints of all tenants, and the deliveries to each. */
export const webhooks = 'T#*#W';
export const deliveries = 'T#*#W#*';

/** The monitors of each account. */
export const monitors = 'T#*#M#*';

/** How far consumers have got in the journals. */
export const cursors = 'T#*#CURSOR';

/** The dead letters of tenants, and those that do not say whose they are. */
export const deadLettersOfTenants = 'T#*#DL';
export const deadLetters = [deadLettersOfTenants, '-#DL'] as const;

/** What messages failed with. */
export const failureNotes = '-#N#*';
