import { CfnSamplingRule } from 'aws-cdk-lib/aws-xray';
import { Construct } from 'constructs';

/** Below this number other rules of the account still have room to come first. */
const PRIORITY = 1000;

export interface SamplingProps {
  readonly apiName: string;
  readonly stage: string;
  /** The part of the requests that is traced, 0 to 1. */
  readonly rate: number;
}

/**
 * How many of the stage's requests are traced. API Gateway decides, once for a request, and passes its decision on: Lambda follows it, so
 * the functions need no rule of their own. Where there is no rule, X-Ray's default takes one request a second and 5 % of the rest.
 */
export class Sampling extends Construct {
  constructor(scope: Construct, id: string, { apiName, stage, rate }: SamplingProps) {
    super(scope, id);
    new CfnSamplingRule(this, 'Rule', {
      samplingRule: {
        ruleName: `florin-${stage}`,
        priority: PRIORITY,
        // None before the rate applies, so that the rate is the rate also when there is little to do.
        reservoirSize: 0,
        fixedRate: rate,
        serviceType: 'AWS::ApiGateway::Stage',
        serviceName: `${apiName}/${stage}`,
        resourceArn: '*',
        host: '*',
        httpMethod: '*',
        urlPath: '*',
        version: 1,
      },
    });
  }
}
