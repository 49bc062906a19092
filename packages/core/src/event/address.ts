import { isIP, isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The address for the event, and the original text if the address does not represent all of it. */
export interface NormalisedAddress {
  /** The address in a form that the server accepts; absent if the text names no such address. */
  source_ip?: string;
  /** The original text, if it is not an address or if it says more than the address does (an IPv6 zone). */
  seen?: string;
}

const MAX_LENGTH = 256;

/**
 * Writes an address in a form that the server accepts (Publisher API, trap 1): IPv4-mapped IPv6 as IPv4, any other IPv6 as eight groups, without
 * port, brackets or zone. A text that is not one address (a list, a name, `unknown`) and an address that the server refuses in every form (0.0.0.0/8)
 * are returned as `seen` only.
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

/** Some proxies write `203.0.113.7:443`, `[2001:db8::1]` or `[2001:db8::1]:443`. */
function withoutPort(address: string): string {
  if (address.startsWith('[')) return /^\[([^\]]+)\](?::\d{1,5})?$/.exec(address)?.[1] ?? address;
  return /^([\d.]{7,15}):\d{1,5}$/.exec(address)?.[1] ?? address;
}
