import { lookup, type LookupAddress, promises as dns } from 'node:dns';
import { type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** An address that must not be connected to. */
export class PrivateAddressError extends Error {
  constructor(host: string) {
    super(`${host} is not a public address`);
    this.name = 'PrivateAddressError';
  }
}

/** Of this machine wherever they are asked for (RFC 6761, 6.3). */
const LOCAL_NAME = /^(.*\.)?localhost\.?$/i;
const RESOLVED_WITHIN_MS = 2_000;

/** IPv6 addresses that stand for IPv4 ones, as nobody should write them any more (RFC 4291, 2.5.5.1). */
const IPV4_COMPATIBLE = ipaddr.IPv6.parseCIDR('::/96');

/** True for an address on the Internet: not of this machine, of a private network, of a cloud's own services, or of a group. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv6 && parsed.match(IPV4_COMPATIBLE)) return false;
  return parsed.range() === 'unicast';
}

/** The host of a URL as an address, or undefined where it is a name. */
export function addressIn({ hostname }: URL): string | undefined {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1');
  return ipaddr.isValid(bare) ? bare : undefined;
}

/**
 * Whether a URL leads to public addresses alone, as far as that can be told now: a name that can't be resolved may be one later, and each
 * connection is looked at again.
 */
export async function leadsOutside(url: URL): Promise<boolean> {
  const address = addressIn(url);
  if (address !== undefined) return isPublicAddress(address);
  if (LOCAL_NAME.test(url.hostname)) return false;
  const addresses = await addressesOf(url.hostname);
  return addresses.every(isPublicAddress);
}

/** In the place of the system's: what it resolves to is what is connected to, so that no name can change in between. */
export const lookupOutside: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, found) => {
    if (error !== null) {
      callback(error, []);
      return;
    }
    const [first] = found;
    if (first === undefined || !found.every(({ address }) => isPublicAddress(address)))
      callback(new PrivateAddressError(hostname), []);
    else if (options.all === true) callback(null, found);
    else callback(null, first.address, first.family);
  });
};

async function addressesOf(hostname: string): Promise<string[]> {
  const late = new Promise<LookupAddress[]>((resolve) => {
    setTimeout(resolve, RESOLVED_WITHIN_MS, []).unref();
  });
  const found = await Promise.race([dns.lookup(hostname, { all: true }), late]).catch(() => []);
  return found.map(({ address }) => address);
}
