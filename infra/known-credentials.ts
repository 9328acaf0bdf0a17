import { CfnParameter, type Stack } from 'aws-cdk-lib';
import { maxIssuersLength } from '../lib/auth/token-limits.ts';
import type { Options } from './options.ts';

/** Whom the access check of every function knows from the template. */
export interface KnownCredentials {
  /** The digest of the stage's first key. */
  readonly apiKeySha256: string;
  /** Whose tokens are taken, as JSON. */
  readonly tokenIssuers: string;
}

/** As the context says, or else as the parameters of the stack's template do, which are for trying out (see `Options`). */
export function knownCredentials(stack: Stack, options: Options): KnownCredentials {
  return {
    apiKeySha256: options.apiKeySha256 ?? apiKeyParameter(stack).valueAsString,
    tokenIssuers: options.tokenIssuers ?? tokenIssuersParameter(stack).valueAsString,
  };
}

function apiKeyParameter(stack: Stack): CfnParameter {
  return new CfnParameter(stack, 'ApiKeySha256', {
    description: 'Lower-case hex SHA-256 of the API key that opens this stage. The key itself is stored nowhere.',
    allowedPattern: '^[0-9a-f]{64}$',
    constraintDescription: 'must be 64 lower-case hexadecimal digits',
  });
}

function tokenIssuersParameter(stack: Stack): CfnParameter {
  return new CfnParameter(stack, 'TokenIssuers', {
    description:
      'The issuers whose tokens are taken, as JSON. Changing it does not reach what is live: use the context.',
    default: '[]',
    maxLength: maxIssuersLength,
    allowedPattern: '^\\[[\\s\\S]*\\]$',
    constraintDescription: `must be a JSON list of at most ${maxIssuersLength} characters`,
  });
}
