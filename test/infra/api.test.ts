import { beforeAll, describe, expect, it } from '@jest/globals';
import { cors } from '../../lib/http/cors.ts';
import { problems } from '../../lib/http/problem.ts';
import { type Route, routeKey } from '../../lib/http/route.ts';
import { routes } from '../../lib/http/routes.ts';
import { apiPolicy, securityHeaders } from '../../lib/http/security-headers.ts';
import {
  type CloudFormationTemplate,
  type NamedResource,
  propertyOf,
  referenceOf,
  referencesIn,
  resourcesOf,
} from './cloudformation-template.ts';
import { synthesise } from './synthesise.ts';

let template: CloudFormationTemplate;
beforeAll(async () => {
  template = (await synthesise()).api;
}, 300_000);

/** The path of a resource of the API, put together from its ancestors. */
function pathOf(logicalId: string | undefined): string {
  const resource = logicalId === undefined ? undefined : template.Resources[logicalId];
  if (resource?.Type !== 'AWS::ApiGateway::Resource') return '';
  return `${pathOf(referenceOf(propertyOf(resource, 'ParentId')))}/${propertyOf(resource, 'PathPart')}`;
}

function methodsByKey(): Map<string, NamedResource> {
  return new Map(
    resourcesOf(template, 'AWS::ApiGateway::Method').map((method) => [
      `${propertyOf(method, 'HttpMethod')} ${pathOf(referenceOf(propertyOf(method, 'ResourceId')))}`,
      method,
    ]),
  );
}

/** The service name of the function behind a method's alias. */
function serviceBehind(method: NamedResource | undefined): unknown {
  const alias =
    method &&
    referencesIn(propertyOf(method, 'Integration.Uri'))
      .map((logicalId) => template.Resources[logicalId])
      .find((resource) => resource?.Type === 'AWS::Lambda::Alias');
  const code = alias && template.Resources[referenceOf(propertyOf(alias, 'FunctionName')) ?? ''];
  return code && propertyOf(code, 'Environment.Variables.POWERTOOLS_SERVICE_NAME');
}

describe('LedgerApi', () => {
  it('has the routes of the route table, their preflights, and nothing else', () => {
    const expected = [...routes.map(routeKey), ...new Set(routes.map(({ path }) => `OPTIONS ${path}`))];
    expect([...methodsByKey().keys()].sort()).toEqual(expected.sort());
  });

  it.each<Route>([...routes])('sends $method $path to the function of $area', (route) => {
    const method = methodsByKey().get(routeKey(route));
    expect(serviceBehind(method)).toBe(`florin-${route.area}`);
    expect(method?.Properties).toMatchObject({
      OperationName: route.operationId,
      Integration: { IntegrationHttpMethod: 'POST' },
    });
  });

  it('answers preflights itself, for the methods of the path only', () => {
    const preflight = methodsByKey().get('OPTIONS /v1/accounts/{accountId}');
    expect(preflight?.Properties).toMatchObject({
      Integration: {
        Type: 'MOCK',
        IntegrationResponses: [
          {
            StatusCode: '204',
            ResponseParameters: {
              'method.response.header.Access-Control-Allow-Origin': "'*'",
              'method.response.header.Access-Control-Allow-Methods': "'GET,PATCH'",
              'method.response.header.Access-Control-Allow-Headers': `'${cors.allowHeaders.join(',')}'`,
            },
          },
        ],
      },
    });
  });

  it('compresses answers of a kilobyte and more', () => {
    const [api] = resourcesOf(template, 'AWS::ApiGateway::RestApi');
    expect(api?.Properties).toMatchObject({ MinimumCompressionSize: 1024 });
  });

  it('throttles and traces the stage and logs no bodies', () => {
    const [stage] = resourcesOf(template, 'AWS::ApiGateway::Stage');
    expect(stage?.Properties).toMatchObject({
      StageName: 'test',
      TracingEnabled: true,
      MethodSettings: [
        {
          HttpMethod: '*',
          ResourcePath: '/*',
          ThrottlingRateLimit: 2_000,
          ThrottlingBurstLimit: 2_000,
          DataTraceEnabled: false,
        },
      ],
    });
  });

  it('logs one JSON line a request, without the path, which names accounts', () => {
    const [stage] = resourcesOf(template, 'AWS::ApiGateway::Stage');
    const format: Record<string, string> = JSON.parse(String(stage && propertyOf(stage, 'AccessLogSetting.Format')));
    expect(format).toMatchObject({ route: '$context.resourcePath', status: '$context.status' });
    expect(Object.values(format)).not.toContain('$context.path');
  });
});

const gatewayProblems = [
  ['MISSING_AUTHENTICATION_TOKEN', 'not_found'],
  ['INVALID_SIGNATURE', 'not_found'],
  ['EXPIRED_TOKEN', 'not_found'],
  ['RESOURCE_NOT_FOUND', 'not_found'],
  ['ACCESS_DENIED', 'forbidden'],
  ['WAF_FILTERED', 'forbidden'],
  ['BAD_REQUEST_BODY', 'invalid_request'],
  ['BAD_REQUEST_PARAMETERS', 'invalid_request'],
  ['DEFAULT_4XX', 'invalid_request'],
  ['REQUEST_TOO_LARGE', 'too_large'],
  ['UNSUPPORTED_MEDIA_TYPE', 'unsupported_media_type'],
  ['THROTTLED', 'rate_limited'],
  ['QUOTA_EXCEEDED', 'rate_limited'],
  ['INTEGRATION_TIMEOUT', 'outcome_unknown'],
  ['INTEGRATION_FAILURE', 'outcome_unknown'],
  ['DEFAULT_5XX', 'outcome_unknown'],
] as const;

describe('addProblemResponses', () => {
  it.each(gatewayProblems)('turns %s into the problem %s', (type, code) => {
    const response = resourcesOf(template, 'AWS::ApiGateway::GatewayResponse').find(
      (candidate) => propertyOf(candidate, 'ResponseType') === type,
    );
    expect(response?.Properties).toMatchObject({
      StatusCode: String(problems[code].status),
      ResponseParameters: {
        'gatewayresponse.header.Content-Type': "'application/problem+json'",
        'gatewayresponse.header.Access-Control-Allow-Origin': "'*'",
      },
    });
    const templates = response && propertyOf(response, 'ResponseTemplates');
    expect(Object.keys(templates ?? {})).toEqual(['application/json']);
    const [body] = Object.values(templates as Record<string, string>);
    expect(JSON.parse(String(body))).toMatchObject({
      code,
      status: problems[code].status,
      title: problems[code].title,
    });
  });

  it('protects its answers as functions protect theirs', async () => {
    const response = { statusCode: 200, headers: { 'Content-Type': 'text/html' } as Record<string, string>, body: '' };
    // Nothing else of the request is looked at.
    await securityHeaders(apiPolicy).after?.({ response } as never);
    const { 'Content-Type': _, 'Content-Security-Policy': _policy, ...protection } = response.headers;
    const expected = Object.fromEntries(
      Object.entries(protection).map(([name, value]) => [`gatewayresponse.header.${name}`, `'${value}'`]),
    );
    expect(Object.keys(expected).length).toBeGreaterThan(4);
    const responses = resourcesOf(template, 'AWS::ApiGateway::GatewayResponse');
    for (const each of responses) {
      expect(each.Properties?.ResponseParameters).toMatchObject({
        ...expected,
        'gatewayresponse.header.Content-Security-Policy': "'sandbox'",
        'gatewayresponse.header.X-Correlation-Id': 'context.requestId',
      });
    }
  });

  it.each(['THROTTLED', 'INTEGRATION_TIMEOUT', 'DEFAULT_5XX'])('says after %s when to try again', (type) => {
    const response = resourcesOf(template, 'AWS::ApiGateway::GatewayResponse').find(
      (candidate) => propertyOf(candidate, 'ResponseType') === type,
    );
    expect(response?.Properties?.ResponseParameters).toMatchObject({ 'gatewayresponse.header.Retry-After': "'1'" });
  });

  it('leaves no response of API Gateway untouched by accident', () => {
    const types = resourcesOf(template, 'AWS::ApiGateway::GatewayResponse').map((one) =>
      propertyOf(one, 'ResponseType'),
    );
    expect(types.sort()).toEqual(gatewayProblems.map(([type]) => type).sort());
  });
});
