import { type Attribute, AttributeType } from 'aws-cdk-lib/aws-dynamodb';

/** A key attribute of type string, as all our keys are. */
export function stringAttribute(name: string): Attribute {
  return { name, type: AttributeType.STRING };
}
