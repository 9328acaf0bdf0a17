/**
 * Stands in, in the bundles, for the sources of AWS credentials that a function does not have: SSO sessions, profiles
 * and processes of a developer's machine, web identity tokens, the metadata of EC2 and ECS. Lambda puts a function's
 * credentials into its environment or, for some kinds of functions, serves them at `AWS_CONTAINER_CREDENTIALS_FULL_URI`.
 * The SDK's chain asks for both as ever; where it comes to one of these it goes on to the next.
 */
function absent() {
  return async (): Promise<never> => {
    throw new CredentialsProviderError(
      'There are no credentials in the environment, and other sources are not part of the bundle.',
    );
  };
}

/** What the SDK's chain takes as a reason to go on: it knows this error by its fields. */
class CredentialsProviderError extends Error {
  override readonly name = 'CredentialsProviderError';
  readonly tryNextLink = true;
}

export const fromSSO = absent;
export const fromIni = absent;
export const fromProcess = absent;
export const fromTokenFile = absent;
export const fromInstanceMetadata = absent;
export const fromContainerMetadata = absent;

/** The variables that the chain asks the package for, before it turns to the endpoint that they name. */
export const ENV_CMDS_FULL_URI = 'AWS_CONTAINER_CREDENTIALS_FULL_URI';
export const ENV_CMDS_RELATIVE_URI = 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI';
