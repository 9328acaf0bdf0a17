/**
 * What credentials may allow. A route asks for one of these; `public` is no scope but the lack of one, and has to be said.
 * An API that lets through whatever nobody thought of would be open by mistake: here a route without a scope does not compile.
 */
export const scopes = {
  'assets:read': 'List assets.',
  'assets:write': 'Register assets.',
  'accounts:read': 'Read accounts, balances, entries and statements.',
  'accounts:write': 'Open accounts.',
  'accounts:manage':
    'Change accounts: freeze, close, floors, limits, owners, metadata; open accounts without a floor of 0.',
  'transactions:read': 'Read transactions and lines.',
  'transactions:write': 'Move money.',
  'transactions:overdraft': 'Reverse a payment although that leaves an account below its floor.',
  'holds:read': 'Read holds.',
  'holds:write': 'Reserve, capture and release.',
  'fees:read': 'Read fee schedules.',
  'fees:write': 'Make fee schedules.',
  'reports:read': 'Read exports, trial balances and the findings of the self-audit.',
  'events:read': 'Read the journal and its events.',
  'monitors:read': 'Read balance monitors.',
  'monitors:write': 'Make and change balance monitors.',
  'webhooks:read': 'Read webhooks and their deliveries.',
  'webhooks:write': 'Make and change webhooks, deliver again, exchange secrets.',
  'admin:read': 'Read dead letters.',
  'admin:write': 'Reprocess and discard dead letters.',
  'clients:read': 'Read API clients.',
  'clients:write': 'Make API clients, exchange and revoke their keys.',
  'audit:read': 'Read the audit log.',
  'privacy:write': 'Remove personal data from what is stored.',
  'admin:platform': 'Operate the platform: act on what belongs to no tenant, and make API clients of any tenant.',
} as const;

export type Scope = keyof typeof scopes;

/** Every scope there is. */
export const scopeNames = Object.keys(scopes) as Scope[];

/** Whether a text is the name of a scope. */
export function isScope(name: string): name is Scope {
  return Object.hasOwn(scopes, name);
}

const reader = [
  'assets:read',
  'accounts:read',
  'transactions:read',
  'holds:read',
  'fees:read',
  'reports:read',
  'events:read',
  'monitors:read',
  'webhooks:read',
] as const satisfies readonly Scope[];

const writer = [
  ...reader,
  'accounts:write',
  'transactions:write',
  'holds:write',
  'monitors:write',
] as const satisfies readonly Scope[];

const operator = [
  ...writer,
  'assets:write',
  'accounts:manage',
  'webhooks:write',
  'admin:read',
  'admin:write',
] as const satisfies readonly Scope[];

const admin = [
  ...operator,
  'transactions:overdraft',
  'fees:write',
  'clients:read',
  'clients:write',
  'audit:read',
  'privacy:write',
] as const satisfies readonly Scope[];

/**
 * Roles: named sets of scopes, each with all of the one before. No role has `admin:platform`: who operates the platform is said
 * for each credential by itself.
 */
export const roles = { reader, writer, operator, admin } as const satisfies Readonly<Record<string, readonly Scope[]>>;

export type Role = keyof typeof roles;

/** Every role there is. */
export const roleNames = Object.keys(roles) as [Role, ...Role[]];

/** Whether a text is the name of a role. */
export function isRole(name: string): name is Role {
  return Object.hasOwn(roles, name);
}

/**
 * What an owner may do, with the accounts whose owner it is and with no others: read them, and spend and reserve from them.
 * Credentials with a subject have this beyond what their roles and scopes give them.
 */
export const ownerScopes = [
  'accounts:read',
  'transactions:read',
  'transactions:write',
  'holds:read',
  'holds:write',
] as const satisfies readonly Scope[];
