import type { ScheduleDefinition } from './deployment.ts';
import { resolve, UnsupportedTemplateError } from './intrinsic-functions.ts';
import { namesFunction } from './names-function.ts';
import type { StackResource } from './stack-scope.ts';

const minuteMs = 60_000;
const unitMs: Readonly<Record<string, number>> = { minute: minuteMs, hour: 60 * minuteMs, day: 1_440 * minuteMs };

/**
 * The functions that a rule calls again and again; none where it calls no function.
 * @throws {UnsupportedTemplateError} when it calls a function by an event, or by times of the clock
 */
export function readSchedules(rule: StackResource): ScheduleDefinition[] {
  const { logicalId, properties, stack } = rule;
  const targets = ((properties.Targets ?? []) as readonly { readonly Arn?: unknown }[]).filter(({ Arn }) =>
    namesFunction(Arn, stack),
  );
  if (targets.length === 0 || properties.State === 'DISABLED') {
    return [];
  }
  const expression = String(resolve(properties.ScheduleExpression ?? '', stack));
  const [, count, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  if (unit === undefined) {
    throw new UnsupportedTemplateError(
      `${logicalId} would call a function, but the embedded runtime plays only rules with a rate, not "${expression}".`,
    );
  }
  return targets.map(({ Arn }) => ({
    logicalId,
    arn: String(stack.attribute(logicalId, 'Arn')),
    functionName: String(resolve(Arn, stack)).split(':')[6] ?? '',
    everyMs: Number(count) * (unitMs[unit] as number),
  }));
}
