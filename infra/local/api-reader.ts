import type { GatewayResponseDefinition, MethodDefinition, RestApiDefinition } from './deployment.ts';
import { resolve, UnsupportedTemplateError } from './intrinsic-functions.ts';
import type { StackResource } from './stack-scope.ts';

/** API Gateway's own bound on an integration, where the template gives none. */
const defaultIntegrationTimeoutMs = 29_000;

/**
 * Reads the one REST API among the resources.
 * @throws {UnsupportedTemplateError} when there is not exactly one, or an integration is of a kind that is not played.
 */
export function readRestApi(resources: readonly StackResource[]): RestApiDefinition {
  const apis = resources.filter(({ type }) => type === 'AWS::ApiGateway::RestApi');
  const [api] = apis;
  if (!api || apis.length > 1) {
    throw new UnsupportedTemplateError(
      `The embedded runtime serves exactly one REST API; the template has ${apis.length}.`,
    );
  }
  const inSameStack = resources.filter(({ stack }) => stack === api.stack);
  const stage = inSameStack.find(({ type }) => type === 'AWS::ApiGateway::Stage');
  const minimum = api.properties.MinimumCompressionSize;
  return {
    id: api.logicalId,
    stage: stage?.physicalName ?? 'embedded',
    ...(typeof minimum === 'number' && { minimumCompressionBytes: minimum }),
    binaryMediaTypes: (resolve(api.properties.BinaryMediaTypes ?? [], api.stack) as unknown[]).map(String),
    methods: inSameStack.filter(({ type }) => type === 'AWS::ApiGateway::Method').map(readMethod),
    gatewayResponses: new Map(
      inSameStack
        .filter(({ type }) => type === 'AWS::ApiGateway::GatewayResponse')
        .map((response) => [String(response.properties.ResponseType), readGatewayResponse(response)]),
    ),
  };
}

interface IntegrationProperties {
  readonly Type?: string;
  readonly Uri?: unknown;
  readonly TimeoutInMillis?: number;
  readonly IntegrationResponses?: readonly {
    readonly StatusCode: string;
    readonly ResponseParameters?: Readonly<Record<string, string>>;
  }[];
}

function readMethod(method: StackResource): MethodDefinition {
  const resourceId = method.properties.ResourceId;
  return {
    httpMethod: String(method.properties.HttpMethod),
    resourcePath: pathOf(resourceId, method) || '/',
    resourceId: logicalIdIn(resourceId) ?? 'root',
    integration: readIntegration(method),
  };
}

function readIntegration(method: StackResource): MethodDefinition['integration'] {
  const integration = resolve(method.properties.Integration ?? {}, method.stack) as IntegrationProperties;
  if (integration.Type === 'AWS_PROXY') {
    return {
      kind: 'proxy',
      functionName: functionNameIn(String(integration.Uri)),
      timeoutMs: integration.TimeoutInMillis ?? defaultIntegrationTimeoutMs,
    };
  }
  if (integration.Type === 'MOCK') {
    const [response] = integration.IntegrationResponses ?? [];
    return {
      kind: 'mock',
      statusCode: Number(response?.StatusCode ?? 200),
      headers: Object.fromEntries(
        Object.entries(response?.ResponseParameters ?? {}).map(([name, value]) => [
          name.replace('method.response.header.', ''),
          unquoted(value),
        ]),
      ),
    };
  }
  throw new UnsupportedTemplateError(`The embedded runtime does not play ${integration.Type} integrations.`);
}

/** Follows the parents up to the root of the API. */
function pathOf(resourceId: unknown, from: StackResource): string {
  const logicalId = logicalIdIn(resourceId);
  if (logicalId === undefined) {
    return '';
  }
  const resource = from.stack.resources.get(logicalId);
  if (!resource) {
    throw new UnsupportedTemplateError(`The template has no API resource ${logicalId}.`);
  }
  return `${pathOf(resource.properties.ParentId, from)}/${String(resource.properties.PathPart)}`;
}

/** The logical id that a `Ref` names; the root resource is an attribute of the API and has none. */
function logicalIdIn(reference: unknown): string | undefined {
  return (reference as { Ref?: string } | undefined)?.Ref;
}

function functionNameIn(uri: string): string {
  const arn = /\/functions\/(arn:[^/]+)\/invocations$/.exec(uri)?.[1];
  const name = arn?.split(':')[6];
  if (!name) {
    throw new UnsupportedTemplateError(`The integration ${uri} does not name a function.`);
  }
  return name;
}

function readGatewayResponse(response: StackResource): GatewayResponseDefinition {
  const read = resolve(response.properties, response.stack) as {
    readonly StatusCode?: string;
    readonly ResponseParameters?: Readonly<Record<string, string>>;
    readonly ResponseTemplates?: Readonly<Record<string, string>>;
  };
  return {
    ...(read.StatusCode !== undefined && { statusCode: Number(read.StatusCode) }),
    headers: Object.fromEntries(
      Object.entries(read.ResponseParameters ?? {}).map(([name, value]) => [
        name.replace('gatewayresponse.header.', ''),
        value,
      ]),
    ),
    templates: read.ResponseTemplates ?? {},
  };
}

/** Literal values are in single quotes in a parameter mapping. */
export function unquoted(value: string): string {
  return value.replace(/^'([\s\S]*)'$/, '$1');
}
