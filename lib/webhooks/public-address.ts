import ipaddr from 'ipaddr.js';

/**
 * Addresses that look public and are not: what a cloud serves its own machines at. Those of other clouds lie in ranges
 * that are refused as a whole (169.254.169.254 and fd00:ec2::254 among them).
 */
const internalAddresses = new Set([
  // Azure's "wire server".
  '168.63.129.16',
]);

/** Global unicast, the only part of IPv6 that is routed publicly. Source: IANA, "IPv6 Address Space". */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether an address is one that anybody on the internet could reach. All that is not certainly so is refused: private, loopback,
 * link-local, shared (CGNAT), multicast, documentation and reserved ranges, and IPv6 addresses that carry an IPv4 address
 * (mapped, translated, 6to4, Teredo), since where they lead depends on the network. Source: IANA special-purpose address registries.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (internalAddresses.has(parsed.toString())) return false;
  if (parsed.range() !== 'unicast') return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(globalUnicast);
}
