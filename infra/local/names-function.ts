import { resolve } from './intrinsic-functions.ts';
import type { StackScope } from './stack-scope.ts';

/** Whether a property refers to a function, its version or its alias. */
export function namesFunction(value: unknown, stack: StackScope): boolean {
  if (Array.isArray(value)) {
    return value.some((item) => namesFunction(item, stack));
  }
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  return Object.entries(value).some(([key, item]) => {
    switch (key) {
      case 'Ref':
        return isFunction(item, stack);
      case 'Fn::GetAtt':
        return isFunction(Array.isArray(item) ? item[0] : String(item).split('.', 1)[0], stack);
      case 'Fn::ImportValue':
        return String(resolve(value, stack)).includes(':function:');
      default:
        return namesFunction(item, stack);
    }
  });
}

function isFunction(logicalId: unknown, stack: StackScope): boolean {
  return stack.resources.get(String(logicalId))?.type.startsWith('AWS::Lambda::') ?? false;
}
