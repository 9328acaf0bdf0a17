import type { IConstruct } from 'constructs';
import * as z from 'zod';
import { parseTokenIssuers } from '../lib/auth/token-issuers.ts';

/** What a stage is deployed with, beside its name: CDK context values, all optional (`cdk deploy -c alarmEmail=…`). */
export interface Options {
  /** Gets a mail when an alarm goes off, once its owner has confirmed the subscription. */
  readonly alarmEmail?: string | undefined;
  /** The Region that holds a replica of the ledger and the standby that can take over. */
  readonly replicaRegion?: string | undefined;
  /** `off` releases the money path at once and in spite of alarms: for the repair of what set them off. */
  readonly canary: 'on' | 'off';
  /**
   * SHA-256 of the API key, as 64 lower-case hexadecimal digits. Without it the template has a parameter of that name, which is
   * for trying out: a published version of a function keeps its environment, and the CDK publishes a new one when the
   * template changes, which a parameter's new value is not. A new key would not reach what is live.
   */
  readonly apiKeySha256?: string | undefined;
  /**
   * Whose tokens are taken, as JSON on one line (`-c tokenIssuers='[{"name":…}]'`, or a list in `cdk.json`). Without it the template
   * has a parameter of that name, by default without issuers, of which the same holds as of the key's.
   */
  readonly tokenIssuers?: string | undefined;
  /**
   * Where webhooks may be delivered to: `public` addresses over https only, or `any`, which lets clients reach into the network that
   * the functions run in and is for laptops and emulators.
   */
  readonly webhookTargets: 'public' | 'any';
  /** Units a second that the ledger table is prepared for. */
  readonly warmThroughput?: WarmThroughput | undefined;
  /** What the stage takes before API Gateway answers 429, whoever asks. */
  readonly stageLimit: StageLimit;
}

export interface StageLimit {
  readonly requestsPerSecond: number;
  readonly burst: number;
}

/** So that a flood leaves something of what an account may serve to the other APIs in it. */
const USUAL_STAGE_LIMIT: StageLimit = { requestsPerSecond: 2_000, burst: 2_000 };

/** What an account may serve in a Region, all its APIs together, without a raised quota. */
const ACCOUNT_LIMIT: StageLimit = { requestsPerSecond: 10_000, burst: 5_000 };

export interface WarmThroughput {
  readonly readUnitsPerSecond: number;
  readonly writeUnitsPerSecond: number;
}

/** What a new on-demand table can take from the start, so nobody pays for asking for less. */
const FROM_THE_START: WarmThroughput = { readUnitsPerSecond: 12_000, writeUnitsPerSecond: 4_000 };

/** The quota of a table in a new account; more needs a raised quota, which no template can tell. */
const WITHOUT_A_RAISED_QUOTA = 40_000;

const REGION = /^[a-z]{2}(-[a-z]+)+-[1-9]$/;

const warmUnits = (least: number) => z.coerce.number().int().min(least).max(WITHOUT_A_RAISED_QUOTA).optional();

/** The CDK CLI gives a text, `cdk.json` the list itself. What is wrong with it is said at synthesis, not by the functions. */
const tokenIssuers = z
  .union([z.string(), z.array(z.unknown())])
  .transform((given) => (typeof given === 'string' ? given : JSON.stringify(given)))
  .superRefine((text, { addIssue }) => {
    try {
      parseTokenIssuers(text);
    } catch (error) {
      addIssue({ code: 'custom', message: (error as Error).message });
    }
  })
  .transform((text) => JSON.stringify(JSON.parse(text)));

const upTo = (most: number) => z.coerce.number().int().min(1).max(most);

const context = z.object({
  alarmEmail: z.email().optional(),
  replicaRegion: z.string().regex(REGION, `must match ${REGION.source}`).optional(),
  apiKeySha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits')
    .optional(),
  tokenIssuers: tokenIssuers.optional(),
  canary: z.enum(['on', 'off']).default('on'),
  webhookTargets: z.enum(['public', 'any']).default('public'),
  stageRequestsPerSecond: upTo(ACCOUNT_LIMIT.requestsPerSecond).default(USUAL_STAGE_LIMIT.requestsPerSecond),
  stageBurst: upTo(ACCOUNT_LIMIT.burst).default(USUAL_STAGE_LIMIT.burst),
  warmReadsPerSecond: warmUnits(FROM_THE_START.readUnitsPerSecond),
  warmWritesPerSecond: warmUnits(FROM_THE_START.writeUnitsPerSecond),
});

/**
 * Reads the options from the CDK context. One that is absent is off; one of the two warm throughputs alone leaves the other at
 * what a new table has.
 * @throws Error naming every value that is malformed or out of range
 */
export function optionsOf(scope: IConstruct): Options {
  const values = Object.keys(context.shape).map((name) => [name, scope.node.tryGetContext(name) as unknown] as const);
  const parsed = context.safeParse(Object.fromEntries(values));
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new Error(`The context is not valid. ${faults.join('; ')}`);
  }
  const { warmReadsPerSecond: reads, warmWritesPerSecond: writes, ...given } = parsed.data;
  const { stageRequestsPerSecond: requestsPerSecond, stageBurst: burst, ...others } = given;
  const options = { ...others, stageLimit: { requestsPerSecond, burst } };
  if (reads === undefined && writes === undefined) return options;
  return {
    ...options,
    warmThroughput: {
      readUnitsPerSecond: reads ?? FROM_THE_START.readUnitsPerSecond,
      writeUnitsPerSecond: writes ?? FROM_THE_START.writeUnitsPerSecond,
    },
  };
}
