import * as z from 'zod';
import { keyLabelPattern } from '../auth/api-key.ts';
import { unreadableFlags } from './flags.ts';

/** A variable of the environment is missing or has a wrong form; the message names each one. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

const tableName = z.string().min(3);

const queueUrl = z.url({ protocol: /^https?$/ });

const variables = {
  LEDGER_TABLE: tableName,
  PLATFORM_TABLE: tableName,
  IDEMPOTENCY_TABLE: tableName,
  LINES_QUEUE_URL: queueUrl,
  JOURNAL_QUEUE_URL: queueUrl,
  PUBLICATION_QUEUE_URL: queueUrl,
  DELIVERIES_QUEUE_URL: queueUrl,
  WEBHOOK_EVENTS_QUEUE_URL: queueUrl,
  BALANCE_EVENTS_QUEUE_URL: queueUrl,
  /** The SNS FIFO topic that events are published to. */
  EVENTS_TOPIC_ARN: z.string().regex(/^arn:[\w-]+:sns:[\w-]*:\d*:[\w-]+\.fifo$/),
  /** Where webhooks may be delivered to: public addresses over https, or, where nobody's network is at stake, any. */
  WEBHOOK_TARGETS: z.enum(['public', 'any']),
  /** The ARN of the KMS key that seals what is secret. */
  SECRETS_KEY_ID: z.string().regex(/^arn:[\w-]+:kms:[\w-]*:\d*:key\/[\w-]+$/),
  /** SHA-256 of the static development key: 64 lower-case hexadecimal digits. The key itself is nowhere. */
  API_KEY_SHA256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Whose tokens are taken, as JSON; what it must hold is for the access check to know. */
  TOKEN_ISSUERS: z.string().regex(/^\s*\[/),
  /** What new API keys have behind `flk_`: the name of the stage. */
  KEY_LABEL: z.string().regex(keyLabelPattern),
  /** The CloudWatch namespace of the stage's metrics. */
  POWERTOOLS_METRICS_NAMESPACE: z.string().min(1).max(255),
  /** The SSM parameter with the feature flags. */
  FLAGS_PARAMETER: z.string().regex(/^\/[\w.\-/]+$/),
  /** What they count as while they cannot be read; nothing is assumed where it is missing. */
  FLAGS_WHEN_UNREADABLE: z.enum(unreadableFlags),
};

type Variable = keyof typeof variables;
type Environment<Name extends Variable> = { readonly [Key in Name]: z.output<(typeof variables)[Key]> };

/**
 * Reads the named variables, and only those: a function has no more than it uses.
 *
 * @throws EnvironmentError naming every variable that is missing or malformed, never its value
 */
export function readEnvironment<const Name extends Variable>(
  names: readonly Name[],
  source: NodeJS.ProcessEnv = process.env,
): Environment<Name> {
  const values: Partial<Record<Variable, unknown>> = {};
  const faults: string[] = [];
  for (const name of names) {
    const parsed = variables[name].safeParse(source[name]);
    if (parsed.success) values[name] = parsed.data;
    else faults.push(`${name} ${source[name] === undefined ? 'is missing' : 'is malformed'}`);
  }
  if (faults.length > 0) throw new EnvironmentError(`The environment is incomplete: ${faults.join(', ')}`);
  // Each name was parsed by its own schema in the loop, which the compiler cannot follow.
  return values as Environment<Name>;
}
