import { Aws, Duration } from 'aws-cdk-lib';
import { Dashboard, type IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { businessWidgets } from './business.ts';
import { errorsWidgets } from './errors.ts';
import { healthWidgets } from './health.ts';
import type { Observed } from './observed.ts';
import { trendsWidgets } from './trends.ts';

interface DashboardKind {
  readonly shows: Duration;
  readonly widgets: (observed: Observed) => IWidget[][];
}

const kinds = {
  health: { shows: Duration.hours(3), widgets: healthWidgets },
  business: { shows: Duration.days(1), widgets: businessWidgets },
  errors: { shows: Duration.hours(3), widgets: errorsWidgets },
  trends: { shows: Duration.days(90), widgets: trendsWidgets },
} as const satisfies Readonly<Record<string, DashboardKind>>;

/** The dashboards of a stage: how it is, what it does, what goes wrong, how it changes. */
export class Dashboards extends Construct {
  constructor(scope: Construct, id: string, observed: Observed) {
    super(scope, id);
    for (const [kind, { shows, widgets }] of Object.entries(kinds)) {
      new Dashboard(this, kind.charAt(0).toUpperCase() + kind.slice(1), {
        // An account has one list of dashboards for all its Regions, and a stage may have a standby in another.
        dashboardName: `florin-${observed.stage}-${kind}-${Aws.REGION}`,
        defaultInterval: shows,
        widgets: widgets(observed),
      });
    }
  }
}
