import { type Synthesised, synthesise } from './synthesise.ts';

/** The Region that the fixture's stage is in, and the one of its replica. */
export const primaryRegion = 'eu-central-1';
export const replicaRegion = 'eu-west-1';

/** Sets the account and Region as the CDK CLI would from credentials; answers what takes them back. */
export function ofPrimary(): () => void {
  const before = { ...process.env };
  Object.assign(process.env, { CDK_DEFAULT_ACCOUNT: '111111111111', CDK_DEFAULT_REGION: primaryRegion });
  return () => {
    process.env = before;
  };
}

/** The application with a replica and its standby. */
export function synthesiseWithStandby(context: Readonly<Record<string, unknown>> = {}): Promise<Synthesised> {
  return synthesise({ context: { replicaRegion, ...context } });
}
