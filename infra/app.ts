/** The CDK application: `cdk synth`, `cdk deploy` and the embedded runtime run this file. Bundles are built before (see cdk.json). */
import { bundleFolder } from './bundle-folder.ts';
import { buildApp } from './florin-app.ts';

buildApp({ bundles: bundleFolder }).synth();
