/** The CDK application: `cdk synth`, `cdk deploy` and the embedded runtime run this file. Bundles must be built before. */
import { bundleFolder } from './bundle-folder.ts';
import { buildApp } from './florin-app.ts';

buildApp({ bundles: bundleFolder }).synth();
