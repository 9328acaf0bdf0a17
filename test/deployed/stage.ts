import {
  CloudFormationClient,
  DescribeStackResourcesCommand,
  GetTemplateCommand,
  type StackResource,
} from '@aws-sdk/client-cloudformation';
import type { CloudFormationTemplate } from '../infra/cloudformation-template.ts';

export interface StageUnderTest {
  readonly stage: string;
  readonly url: string;
  readonly apiKey: string;
  /** The folder with what was synthesised. */
  readonly assembly: string;
  readonly dataStack: string;
  readonly watchStack: string;
  readonly workStack: string;
  readonly apiStack: string;
}

/** The stage that main.ts has deployed, for tests that look behind its API. */
export function stageUnderTest(): StageUnderTest {
  const { FLORIN_STAGE, FLORIN_URL, FLORIN_API_KEY, FLORIN_CDK_OUT } = process.env;
  if (!FLORIN_STAGE || !FLORIN_URL || !FLORIN_API_KEY || !FLORIN_CDK_OUT) {
    throw new Error('These tests need a deployment: npm run test:ministack, or npm run test:localstack');
  }
  return {
    stage: FLORIN_STAGE,
    url: FLORIN_URL,
    apiKey: FLORIN_API_KEY,
    assembly: FLORIN_CDK_OUT,
    dataStack: `Florin-${FLORIN_STAGE}-Data`,
    watchStack: `Florin-${FLORIN_STAGE}-Watch`,
    workStack: `Florin-${FLORIN_STAGE}-Work`,
    apiStack: `Florin-${FLORIN_STAGE}-Api`,
  };
}

const client = new CloudFormationClient({});

/** The template that CloudFormation holds for the stack. */
export async function deployedTemplate(stackName: string): Promise<CloudFormationTemplate> {
  const { TemplateBody = '' } = await client.send(new GetTemplateCommand({ StackName: stackName }));
  return JSON.parse(TemplateBody);
}

/** The stack's resources of a type: physical ids by logical ids. */
export async function physicalIds(stackName: string, type: string): Promise<Readonly<Record<string, string>>> {
  const { StackResources = [] } = await client.send(new DescribeStackResourcesCommand({ StackName: stackName }));
  const ofType = StackResources.filter(({ ResourceType }: StackResource) => ResourceType === type);
  return Object.fromEntries(
    ofType.map(({ LogicalResourceId = '', PhysicalResourceId = '' }) => [LogicalResourceId, PhysicalResourceId]),
  );
}

/** The name of a table of the data stack: that of the money, or of what is around it. */
export async function tableOf(dataStack: string, what: 'Ledger' | 'Platform'): Promise<string> {
  const tables = await physicalIds(dataStack, 'AWS::DynamoDB::GlobalTable');
  const [name] = Object.entries(tables).flatMap(([id, name]) => (id.startsWith(what) ? [name] : []));
  if (!name) throw new Error(`${dataStack} has no table ${what}`);
  return name;
}
