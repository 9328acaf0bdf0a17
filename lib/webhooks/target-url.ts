import { isIP } from 'node:net';
import { isPublicAddress } from './public-address.ts';
import { faultOfForm } from './url-form.ts';

/** Where webhooks may go: to public addresses by https only, or, for development, anywhere. */
export const targetRules = ['public', 'any'] as const;
export type TargetRule = (typeof targetRules)[number];

const httpsPort = 443;
const firstUnprivilegedPort = 1_024;

/**
 * Ports above 1023 at which services of one's own are commonly found that no webhook is meant for. Names are checked to lead
 * to public addresses, so this is a second line: it keeps signed requests away from public databases too.
 */
const refusedPorts = new Set([
  ...[1433, 1521, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 5432, 5601, 5672, 5984, 6000, 6379, 6443, 6665, 6666],
  ...[6667, 6668, 6669, 6697, 8125, 9042, 9092, 9200, 9300, 10250, 10255, 11211, 15672, 27017, 27018, 27019],
]);

/** The host of a URL, an IPv6 address without its brackets. URL has put every spelling of an IPv4 address into the dotted one. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

/** What is wrong with a URL as the target of webhooks, in words for its owner; undefined where nothing is. */
export function faultOfTarget(text: string, rule: TargetRule): string | undefined {
  const fault = faultOfForm(text);
  if (fault !== undefined || rule === 'any') return fault;
  const url = new URL(text);
  if (url.protocol !== 'https:') return 'a URL that begins with https://';
  const port = url.port === '' ? httpsPort : Number(url.port);
  if (port !== httpsPort && (port < firstUnprivilegedPort || refusedPorts.has(port))) {
    return 'a URL with another port: 443, or one above 1023 that is not commonly used by something else';
  }
  const host = hostOf(url);
  if (isIP(host) !== 0 && !isPublicAddress(host)) return 'a URL with a public address';
  return undefined;
}
