import type { AwsRule } from './aws-rules.ts';
import { type NamedResource, propertyOf, resourcesOf } from './cloudformation-template.ts';
import { type Widget, widgetsOf } from './dashboard-widgets.ts';

/** What CloudWatch takes of one dashboard. Source: CloudWatch User Guide, "CloudWatch service quotas". */
const MAX_WIDGETS = 500;
const MAX_METRICS_OF_A_WIDGET = 500;
const MAX_METRICS_OF_A_DASHBOARD = 2500;

const MAX_METRICS_OF_AN_ALARM = 10;
const MAX_ALARM_DESCRIPTION = 1024;

/** The size of a value in the standard tier, and how many parts a name may have. */
const MAX_PARAMETER_BYTES = 4096;
const MAX_PARAMETER_LEVELS = 15;

const MAX_SAMPLING_RULE_NAME = 32;

interface SamplingRule {
  readonly RuleName?: unknown;
  readonly FixedRate?: unknown;
  readonly Priority?: unknown;
}

/** What AWS demands of alarms, dashboards, parameters and sampling rules. */
export const watchingRules = {
  keepsDashboardsSmall: (template) =>
    resourcesOf(template, 'AWS::CloudWatch::Dashboard').flatMap((dashboard) => {
      const name = propertyOf(dashboard, 'DashboardName');
      return [
        ...(/[^\w-]/.test(literalOf(name)) ? [`${dashboard.logicalId} has a name that CloudWatch does not take`] : []),
        ...faultsOfWidgets(dashboard),
      ];
    }),

  keepsAlarmsSmall: (template) =>
    resourcesOf(template, 'AWS::CloudWatch::Alarm').flatMap(({ logicalId, ...alarm }) => {
      const metrics = (propertyOf(alarm, 'Metrics') ?? []) as readonly { readonly MetricStat?: unknown }[];
      const measured = metrics.filter(({ MetricStat }) => MetricStat !== undefined).length;
      const description = String(propertyOf(alarm, 'AlarmDescription') ?? '');
      return [
        ...(measured > MAX_METRICS_OF_AN_ALARM ? [`${logicalId} is computed from ${measured} metrics`] : []),
        ...(description.length > MAX_ALARM_DESCRIPTION ? [`${logicalId} has too long a description`] : []),
        ...(propertyOf(alarm, 'AlarmActions') === undefined ? [`${logicalId} tells nobody`] : []),
      ];
    }),

  namesParametersAsSsmDoes: (template) =>
    resourcesOf(template, 'AWS::SSM::Parameter').flatMap(({ logicalId, ...parameter }) => {
      const name = String(propertyOf(parameter, 'Name'));
      const levels = name.split('/').length - 1;
      const bytes = Buffer.byteLength(String(propertyOf(parameter, 'Value')));
      const sound = /^(\/[\w.-]+)+$/.test(name) && !/^\/(aws|ssm)/i.test(name) && levels <= MAX_PARAMETER_LEVELS;
      return [
        ...(sound ? [] : [`${logicalId} has a name that SSM does not take`]),
        ...(bytes > MAX_PARAMETER_BYTES ? [`${logicalId} has a value of ${bytes} bytes`] : []),
      ];
    }),

  namesSamplingRulesShort: (template) =>
    resourcesOf(template, 'AWS::XRay::SamplingRule').flatMap(({ logicalId, ...resource }) => {
      const rule = propertyOf(resource, 'SamplingRule') as SamplingRule;
      const rate = Number(rule.FixedRate);
      const priority = Number(rule.Priority);
      return [
        ...(String(rule.RuleName).length > MAX_SAMPLING_RULE_NAME ? [`${logicalId} has too long a rule name`] : []),
        ...(rate >= 0 && rate <= 1 ? [] : [`${logicalId} has the rate ${rate}, which is no part of one`]),
        ...(priority >= 1 && priority <= 9999 ? [] : [`${logicalId} has the priority ${priority}`]),
      ];
    }),
} as const satisfies Readonly<Record<string, AwsRule>>;

function faultsOfWidgets(dashboard: NamedResource): string[] {
  const widgets = widgetsOf(dashboard);
  const counts = widgets.map(metricsOf);
  const most = Math.max(0, ...counts);
  const total = counts.reduce((sum, count) => sum + count, 0);
  return [
    ...(widgets.length > MAX_WIDGETS ? [`${dashboard.logicalId} has ${widgets.length} widgets`] : []),
    ...(most > MAX_METRICS_OF_A_WIDGET ? [`${dashboard.logicalId} has a widget with ${most} metrics`] : []),
    ...(total > MAX_METRICS_OF_A_DASHBOARD ? [`${dashboard.logicalId} has ${total} metrics`] : []),
  ];
}

function metricsOf({ properties }: Widget): number {
  return properties.metrics?.length ?? 0;
}

/** The text of a name without its references, which are of Regions and accounts. */
function literalOf(name: unknown): string {
  if (typeof name === 'string') return name;
  const parts = (name as { 'Fn::Join'?: readonly [string, readonly unknown[]] })['Fn::Join']?.[1] ?? [];
  return parts.filter((part) => typeof part === 'string').join('');
}
