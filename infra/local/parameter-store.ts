import { members, type Reply, refusal, startJsonService } from './json-service.ts';
import type { LoopbackServer } from './loopback-server.ts';
import { accountId, region } from './stack-scope.ts';

/** A parameter as it stands now. */
export interface StoredParameter {
  readonly name: string;
  readonly value: string;
  /** 1 at first, one more with each change. */
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly modifiedAt: number;
}

/** A GetParameter request is a name and two switches. */
const maximumRequestBytes = 8 * 1_024;

/**
 * The embedded Systems Manager Parameter Store, as far as functions read it: `GetParameter`.
 *
 * @param find looks a parameter up by its full name, each time it is asked for.
 */
export function startParameterStore(find: (name: string) => StoredParameter | undefined): Promise<LoopbackServer> {
  return startJsonService((operation, request) => answer(operation, request, find), maximumRequestBytes);
}

function answer(operation: string, request: unknown, find: (name: string) => StoredParameter | undefined): Reply {
  if (operation !== 'AmazonSSM.GetParameter') {
    return refusal('UnknownOperationException', `The embedded parameter store has no ${operation}.`);
  }
  const { Name: name } = members(request);
  if (typeof name !== 'string' || name === '') {
    return refusal('ValidationException', 'The body must be a JSON object with a Name.');
  }
  const found = find(name);
  return found ? [200, { Parameter: describe(found) }] : refusal('ParameterNotFound', `There is no ${name}.`);
}

function describe({ name, value, version, modifiedAt }: StoredParameter): object {
  return {
    ARN: `arn:aws:ssm:${region}:${accountId}:parameter/${name.replace(/^\//, '')}`,
    DataType: 'text',
    LastModifiedDate: modifiedAt / 1_000,
    Name: name,
    Type: 'String',
    Value: value,
    Version: version,
  };
}
