import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Plugin } from 'esbuild';

const standIn = (name: string): string => path.join(import.meta.dirname, '..', 'lib', 'stand-ins', `${name}.ts`);
const credentialSources = standIn('credential-sources');

/**
 * Parts of the SDK that no function can come to use, with what stands in for them: 140 KB less in each bundle with a
 * client. Each stand-in says why it is enough. An SDK that loads one of them for something else fails with a message.
 */
export const standIns: Readonly<Record<string, string>> = {
  '@aws-sdk/credential-provider-sso': credentialSources,
  '@aws-sdk/credential-provider-ini': credentialSources,
  '@aws-sdk/credential-provider-process': credentialSources,
  '@aws-sdk/credential-provider-web-identity': credentialSources,
  '@smithy/credential-provider-imds': credentialSources,
  '@smithy/core/event-streams': standIn('event-streams'),
};

/**
 * A client's module with the schemas of all its operations and errors: some 150 operations and 140 errors for Systems Manager,
 * of which one operation is called.
 */
const schemas = /[\\/]@aws-sdk[\\/]client-(\w+)[\\/]dist-es[\\/]schemas[\\/]schemas_0\.js$/;

/** What is to be marked, and how it is then written. */
const schemaArray = [/^((?:export )?var [\w$]+ = )(\[[\s\S]*?\]);$/gm, '$1/* @__PURE__ */ (() => $2)();'] as const;
const errorRegistration = [/^n0_registry\.registerError\(\w+\$, \w+\);$/gm, '/* @__PURE__ */ $&'] as const;

/**
 * Lets the schemas fall away that nothing names. They are mere arrays, but with computed keys in them, for which esbuild
 * must assume effects; and every error class is registered, which is an effect. Neither is changed, only marked as free of
 * effects. A registration that falls away has the SDK throw its `SSMServiceException` (or SQS's, or SNS's), with the name and the
 * message that came over the wire, instead of a class of its own. Of DynamoDB's errors the ledger tells apart some by
 * class, so these stay registered.
 */
export const dropUnusedSchemas: Plugin = {
  name: 'drop-unused-schemas',
  setup({ onLoad }) {
    onLoad({ filter: schemas }, async ({ path: file }) => {
      const client = schemas.exec(file)?.[1];
      const patterns = client === 'dynamodb' ? [schemaArray] : [schemaArray, errorRegistration];
      let contents = await readFile(file, 'utf8');
      for (const [pattern, marked] of patterns) {
        const before = contents;
        contents = before.replace(pattern, marked);
        // An SDK that is written in another way would otherwise make the bundles large again, and nobody would know why.
        if (contents === before) return { errors: [{ text: `${file} has nothing like ${pattern}; mark it anew.` }] };
      }
      return { contents };
    });
  },
};
