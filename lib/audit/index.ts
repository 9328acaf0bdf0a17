export { type Act, type ActContext, type ActionName, type ActRecorder, actions, type Facts } from './act.ts';
export { AuditLog } from './audit-log.ts';
export { type AuditFilter, AuditReader } from './audit-reader.ts';
export { type AuditMark, type AuditRecord, auditHash } from './audit-record.ts';
export { changedFacts } from './facts.ts';
export { type Recording, recordingOf, writeRecorded } from './recorded-write.ts';
