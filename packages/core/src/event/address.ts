import { isIP, isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** An address in the form that goes into the event, and what was seen where the two differ. */
export interface NormalisedAddress {
  /** A form that is both correct and accepted by the server; absent when there is none. */
  source_ip?: string;
  /** What was seen, when it could not be kept as an address, or said more than the address does (a zone). */
  seen?: string;
}

const MAX_LENGTH = 256;

/**
 * Brings an address into a form that the server accepts (Publisher API, trap 1): IPv4-mapped IPv6 as IPv4, any other IPv6 as eight groups,
 * without port, brackets or zone. What is not one address (a list, a name, `unknown`), or is refused whatever its form (0.0.0.0/8), is left
 * out and kept as `seen`.
 *
 * @param raw the address as the framework or an extractor gave it
 */
export function normaliseAddress(raw: string | undefined): NormalisedAddress {
  if (raw === undefined) return {};
  const seen = raw.slice(0, MAX_LENGTH).trim();
  if (seen === '') return {};
  const address = withoutPort(seen);
  if (isIPv4(address)) return ipv4(address, seen);
  if (isIP(address) !== 6) return { seen };
  const parsed = ipaddr.IPv6.parse(address);
  if (parsed.isIPv4MappedAddress()) return ipv4(parsed.toIPv4Address().toString(), seen);
  const zone = parsed.zoneId;
  delete parsed.zoneId;
  return zone === undefined ? { source_ip: parsed.toNormalizedString() } : { source_ip: parsed.toNormalizedString(), seen };
}

function ipv4(address: string, seen: string): NormalisedAddress {
  return address.startsWith('0') ? { seen } : { source_ip: address };
}

/** `203.0.113.7:443`, `[2001:db8::1]` and `[2001:db8::1]:443` are what some proxies write. */
function withoutPort(address: string): string {
  if (address.startsWith('[')) return /^\[([^\]]+)\](?::\d{1,5})?$/.exec(address)?.[1] ?? address;
  return /^([\d.]{7,15}):\d{1,5}$/.exec(address)?.[1] ?? address;
}
