/**
 * Synthesises the application, for `synthesise`: the CDK loads several times as fast in a Node process of its own as
 * inside Jest. It takes the options as JSON and writes into their `outdir`.
 */
import { Stack } from 'aws-cdk-lib';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { buildApp } from '../../infra/florin-app.ts';
import type { SynthesisOrder } from './synthesise.ts';

const { bundles, outdir, context, isFaulty }: SynthesisOrder = JSON.parse(process.argv[2] ?? '{}');
const app = buildApp({ bundles, outdir, context });
// A queue without encryption, which the rules forbid.
if (isFaulty) new CfnQueue(new Stack(app, 'Faulty'), 'Plain');
app.synth();
