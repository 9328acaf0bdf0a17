import type { Emulator } from '../stage.ts';

const apiPaths: Readonly<Record<Emulator, (apiId: string, stage: string) => string>> = {
  localstack: (apiId, stage) => `/_aws/execute-api/${apiId}/${stage}`,
  ministack: (apiId, stage) => `/restapis/${apiId}/${stage}/_user_request_`,
};

/** An emulator's API answers at a path of the emulator's own address: the name that the template's output holds resolves nowhere. */
export function emulatorApiUrl(emulator: Emulator, endpoint: string, apiUrl: string): string {
  const { hostname, pathname } = new URL(apiUrl);
  const [apiId = ''] = hostname.split('.');
  return endpoint.replace(/\/$/, '') + apiPaths[emulator](apiId, pathname.replaceAll('/', ''));
}

/** Emulators take any credentials; real ones are kept from them, and a forgotten variable from pointing elsewhere. */
export function emulatorEnvironment(endpoint: string): NodeJS.ProcessEnv {
  return {
    AWS_ENDPOINT_URL: endpoint,
    // An address and no name, so that the S3 client puts the bucket into the path and not before the name.
    AWS_ENDPOINT_URL_S3: endpoint.replace('//localhost', '//127.0.0.1'),
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_SESSION_TOKEN: undefined,
    AWS_PROFILE: undefined,
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    CDK_DISABLE_CLI_TELEMETRY: 'true',
  };
}

/** The account that the emulators are. */
export const emulatorAccount = '000000000000';
