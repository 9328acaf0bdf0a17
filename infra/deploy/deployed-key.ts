import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { outputs } from '../outputs.ts';

export interface CloudFormationAccess {
  /** An emulator's address; by default AWS, with the credentials and the Region of the environment. */
  readonly endpoint?: string;
}

/** The digest of the key that the stack was deployed with; undefined before its first deployment. */
export async function deployedKeyDigest(
  stackName: string,
  { endpoint }: CloudFormationAccess = {},
): Promise<string | undefined> {
  const client = new CloudFormationClient(
    endpoint ? { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } } : {},
  );
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stackName }));
    return Stacks[0]?.Outputs?.find(({ OutputKey }) => OutputKey === outputs.apiKeySha256)?.OutputValue;
  } catch (error) {
    if ((error as Error).name === 'ValidationError' && /does not exist/.test((error as Error).message))
      return undefined;
    throw error;
  } finally {
    client.destroy();
  }
}
