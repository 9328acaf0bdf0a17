import type { GatewayEvent, Middleware } from './invocation.ts';

/**
 * Gathers what a client sent under one name, however it was spelled each time, under that name in lower case. Two spellings would
 * otherwise be two headers, of which the later one silently won: whoever stands in front of the service may have looked at the other.
 */
export function gatheredHeaders(): Middleware {
  return {
    before: ({ event }) => {
      if (event.multiValueHeaders) event.multiValueHeaders = gathered(event.multiValueHeaders);
    },
  };
}

function gathered(headers: GatewayEvent['multiValueHeaders']): Record<string, string[]> {
  // Without a prototype, so that no name of a header can be one of its members.
  const all: Record<string, string[]> = Object.create(null);
  for (const [name, values] of Object.entries(headers)) {
    const lowerCase = name.toLowerCase();
    all[lowerCase] = [...(all[lowerCase] ?? []), ...(values ?? [])];
  }
  return all;
}

/** Whether a header that may stand once stands there more often, so that which one was meant cannot be told. */
export function isRepeated({ multiValueHeaders }: Pick<GatewayEvent, 'multiValueHeaders'>, name: string): boolean {
  return (multiValueHeaders?.[name]?.length ?? 0) > 1;
}
