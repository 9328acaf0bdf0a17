import { auditExportQuery, auditLogPage, auditLogQuery, auditRecordAnswer, auditRecordPath } from './audit-schemas.ts';
import { nothing } from './requests.ts';
import type { Route } from './route.ts';

const path = '/v1/admin/audit-log';

/** For auditors: who did what, and when. */
export const auditRoutes = [
  {
    method: 'GET',
    path,
    operationId: 'listAuditRecords',
    area: 'audit',
    scope: 'audit:read',
    tag: 'Audit log',
    summary: 'List what was done by whom',
    description:
      'The newest first. With a filter a page may have few records or none and still name a next one: go on until there is none.',
    params: nothing,
    query: auditLogQuery,
    answers: { 200: { description: 'A page.', schema: auditLogPage } },
    problems: ['invalid_cursor'],
  },
  {
    method: 'GET',
    path: `${path}/export`,
    operationId: 'exportAuditLog',
    area: 'audit',
    scope: 'audit:read',
    tag: 'Audit log',
    summary: 'Export the audit log',
    description:
      'As JSON Lines, oldest first. The parts, one after the other, are one file: the cursor is in `X-Next-Cursor`. That it was exported is itself recorded, once for each export, and is the last record of one without `to`.',
    params: nothing,
    query: auditExportQuery,
    answers: {
      200: {
        description: 'A part, one record a line.',
        schema: auditRecordAnswer,
        mediaType: 'application/jsonl',
        headers: ['X-Next-Cursor'],
      },
    },
    problems: ['invalid_cursor', 'contention', 'outcome_unknown'],
  },
  {
    method: 'GET',
    path: `${path}/{recordNumber}`,
    operationId: 'getAuditRecord',
    area: 'audit',
    scope: 'audit:read',
    tag: 'Audit log',
    summary: 'Read one record of the audit log',
    params: auditRecordPath,
    query: nothing,
    answers: { 200: { description: 'The record.', schema: auditRecordAnswer } },
    problems: ['not_found'],
  },
] as const satisfies readonly Route[];
