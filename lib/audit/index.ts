export { type Act, type ActContext, type ActionName, type ActRecorder, actions, type Facts } from './act.ts';
export { AuditLog } from './audit-log.ts';
export { type AuditRecord, auditHash } from './audit-record.ts';
