import { describe, expect, it } from '@jest/globals';
import { isPublicAddress } from '../../lib/webhooks/public-address.ts';
import { faultOfTarget } from '../../lib/webhooks/target-url.ts';

const refusedAddresses: readonly (readonly [string, string])[] = [
  ['this network', '0.0.0.0'],
  ['this network, another of it', '0.1.2.3'],
  ['loopback', '127.0.0.1'],
  ['loopback, another of it', '127.255.255.254'],
  ['private 10/8', '10.0.0.1'],
  ['private 172.16/12, first', '172.16.0.0'],
  ['private 172.16/12, last', '172.31.255.255'],
  ['private 192.168/16', '192.168.1.1'],
  ['link-local', '169.254.0.1'],
  ['metadata of AWS', '169.254.169.254'],
  ['credentials of ECS tasks', '169.254.170.2'],
  ['metadata of Azure', '168.63.129.16'],
  ['metadata of Alibaba, in the shared range', '100.100.100.200'],
  ['shared (CGNAT), first', '100.64.0.0'],
  ['shared (CGNAT), last', '100.127.255.255'],
  ['protocol assignments', '192.0.0.1'],
  ['documentation 1', '192.0.2.1'],
  ['documentation 2', '198.51.100.1'],
  ['documentation 3', '203.0.113.1'],
  ['6to4 relays', '192.88.99.1'],
  ['benchmarking', '198.18.0.1'],
  ['multicast', '224.0.0.1'],
  ['reserved', '240.0.0.1'],
  ['broadcast', '255.255.255.255'],
  ['IPv6 unspecified', '::'],
  ['IPv6 loopback', '::1'],
  ['IPv6 loopback, written out', '0:0:0:0:0:0:0:1'],
  ['IPv4-mapped loopback', '::ffff:127.0.0.1'],
  ['IPv4-mapped private, in hexadecimal', '::ffff:a00:1'],
  ['IPv4-mapped public', '::ffff:8.8.8.8'],
  ['IPv4-compatible loopback', '::127.0.0.1'],
  ['IPv4-translated', '::ffff:0:7f00:1'],
  ['NAT64 of metadata', '64:ff9b::a9fe:a9fe'],
  ['NAT64 of private use', '64:ff9b:1::a00:1'],
  ['6to4 of loopback', '2002:7f00:1::'],
  ['6to4 of a public address', '2002:808:808::1'],
  ['Teredo', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
  ['unique local', 'fc00::1'],
  ['metadata of AWS by IPv6', 'fd00:ec2::254'],
  ['IPv6 link-local', 'fe80::1'],
  ['IPv6 link-local with a zone', 'fe80::1%eth0'],
  ['site-local of old', 'fec0::1'],
  ['IPv6 multicast', 'ff02::1'],
  ['IPv6 documentation', '2001:db8::1'],
  ['IPv6 discard', '100::1'],
  ['IPv6 that is not handed out', '4000::1'],
  ['no address', 'example.com'],
  ['nothing', ''],
];

describe('isPublicAddress', () => {
  it.each(refusedAddresses)('refuses %s: %s', (_name, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each([
    '1.1.1.1',
    '8.8.8.8',
    '172.15.255.255',
    '172.32.0.1',
    '100.63.255.255',
    '100.128.0.1',
    '2606:4700::1111',
    '2a00:1450:4001::1',
  ])('takes %s', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
});

describe('faultOfTarget, for the public', () => {
  it.each([
    'https://example.com/hook',
    'https://example.com:443/hook',
    'https://example.com:8443/hook?tenant=5',
    'https://93.184.216.34/hook',
    'https://[2606:4700::1111]/hook',
  ])('takes %s', (url) => {
    expect(faultOfTarget(url, 'public')).toBeUndefined();
  });

  it.each([
    ['http', 'http://example.com/hook'],
    ['another scheme', 'ftp://example.com/hook'],
    ['a file', 'file:///etc/passwd'],
    ['no URL', 'example.com'],
    ['nothing', ''],
    ['credentials', 'https://user:pass@example.com/'],
    ['a user only', 'https://user@example.com/'],
    ['a fragment', 'https://example.com/#top'],
    ['too many characters', `https://example.com/${'a'.repeat(2_048)}`],
    ['SSH', 'https://example.com:22/'],
    ['mail', 'https://example.com:25/'],
    ['port 0', 'https://example.com:0/'],
    ['a privileged port', 'https://example.com:80/'],
    ['Redis', 'https://example.com:6379/'],
    ['PostgreSQL', 'https://example.com:5432/'],
    ['loopback', 'https://127.0.0.1/'],
    ['loopback, shortened', 'https://127.1/'],
    ['loopback, as one number', 'https://2130706433/'],
    ['loopback, in hexadecimal', 'https://0x7f.0x0.0x0.0x1/'],
    ['loopback, as one hexadecimal number', 'https://0x7f000001/'],
    ['loopback, in octal', 'https://0177.0.0.1/'],
    ['loopback, percent-encoded', 'https://%31%32%37.0.0.1/'],
    ['loopback, in full-width digits', 'https://１２７.0.0.1/'],
    ['loopback with a dot at its end', 'https://127.0.0.1./'],
    ['metadata, as one number', 'https://2852039166/'],
    ['zero', 'https://0/'],
    ['IPv6 loopback', 'https://[::1]/'],
    ['IPv4-mapped metadata', 'https://[::ffff:169.254.169.254]/'],
    ['unique local', 'https://[fd00:ec2::254]/'],
  ])('refuses %s: %s', (_name, url) => {
    expect(faultOfTarget(url, 'public')).toEqual(expect.any(String));
  });
});

describe('faultOfTarget, for development', () => {
  it.each(['http://127.0.0.1:3456/hook', 'http://localhost/hook', 'https://[::1]:8443/'])('takes %s', (url) => {
    expect(faultOfTarget(url, 'any')).toBeUndefined();
  });

  it.each(['file:///etc/passwd', 'http://user:pass@localhost/', 'nonsense'])('still refuses %s', (url) => {
    expect(faultOfTarget(url, 'any')).toEqual(expect.any(String));
  });
});
