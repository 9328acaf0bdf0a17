import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** The name leads to where no webhook may go. Which address that is, is not told: names of others' networks are none of the caller's business. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
  constructor(host: string) {
    super(`${host} does not lead to public addresses only`);
  }
}

/** Resolves a name to addresses, as the system does. */
export type Resolve = (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

export const resolveBySystem: Resolve = (host) =>
  new Promise((resolve, reject) => {
    systemLookup(host, { all: true, order: 'verbatim' }, (error, addresses) => {
      if (error) reject(error);
      else resolve(addresses);
    });
  });

/** Whether a connection to an address may be made. */
export type AddressRule = (address: string) => boolean;

/**
 * The `lookup` of a connection that goes only where it may. The addresses it checks are the very ones that are connected
 * to, so a name that leads elsewhere the next time it is asked (DNS rebinding) gains nothing. One address that is refused
 * refuses them all.
 */
export function guardedLookup(resolve: Resolve, mayConnectTo: AddressRule): LookupFunction {
  return (host, options, callback) => {
    resolve(host).then(
      (found) => {
        const [first] = found;
        if (!first) {
          callback(Object.assign(new Error(`${host} has no address`), { code: 'ENOTFOUND' }), []);
        } else if (!found.every(({ address }) => mayConnectTo(address))) {
          callback(new AddressRefused(host), []);
        } else if (options.all) {
          callback(null, [...found]);
        } else {
          callback(null, first.address, first.family);
        }
      },
      (error: NodeJS.ErrnoException) => callback(error, []),
    );
  };
}
