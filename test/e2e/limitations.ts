/** Parts of the contract that are API Gateway's doing and not ours. */
export type Feature = 'encoded slash in a path' | 'gzip' | 'problems of the gateway';

interface Limitation {
  readonly feature: Feature;
  /** What is seen instead; the suite checks that too, so that this list cannot outlive its reasons. */
  readonly reason: string;
}

/**
 * What a place to run the suite cannot do, by the form of its URL. Every test runs everywhere: where something is lacked, the test
 * expects what the place does instead. A stage on AWS and the embedded runtime lack nothing.
 */
const limitations: readonly {
  readonly platform: string;
  readonly url: RegExp;
  readonly lacked: readonly Limitation[];
  /** It runs functions as processes of this machine, so it runs few at once, and what works by itself needs some of them. */
  readonly requestsAtOnce: number;
}[] = [
  {
    platform: 'ministack',
    requestsAtOnce: 8,
    url: /\/_user_request_\/?$/,
    lacked: [
      { feature: 'encoded slash in a path', reason: 'it decodes the path before it looks for the route: 404' },
      { feature: 'gzip', reason: 'it ignores minimumCompressionSize: answers are not compressed' },
    ],
  },
  {
    platform: 'LocalStack',
    requestsAtOnce: 8,
    url: /\/_aws\/execute-api\//,
    lacked: [
      { feature: 'gzip', reason: 'it ignores minimumCompressionSize: answers are not compressed' },
      {
        feature: 'problems of the gateway',
        reason:
          "it takes the status of a GatewayResponse, not its body: an unknown route is 404 with API Gateway's own message",
      },
    ],
  },
];

/** How many requests the place at the URL is sent at once at the most. */
export function requestsAtOnceAt(url: string): number {
  return limitations.find((each) => each.url.test(url))?.requestsAtOnce ?? Number.POSITIVE_INFINITY;
}

/** What is not to be had at the URL, which it says on standard error once: nothing is passed over in silence. */
export function lackedAt(url: string): readonly Feature[] {
  const found = limitations.find((each) => each.url.test(url));
  for (const { feature, reason } of found?.lacked ?? [])
    console.warn(`${found?.platform} lacks: ${feature} (${reason})`);
  return found?.lacked.map(({ feature }) => feature) ?? [];
}
