import type { IncomingHttpHeaders } from 'node:http';
import ipaddr from 'ipaddr.js';
import { normaliseAddress } from '../event/address.js';

/** The source of the client's address. */
export interface ClientAddressOptions {
  /** The header in which a proxy names the client, e.g. `CF-Connecting-IP`, `X-Forwarded-For`, `Forwarded`. */
  addressHeader?: string;
  /** The proxies whose header is trusted: addresses, ranges (`10.0.0.0/8`), or `loopback`, `linklocal`, `uniquelocal`. */
  trustedProxies: readonly string[];
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = [Address, number];

/** The names that Express gives to ranges (`trust proxy`). */
const NAMED_RANGES: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.1/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};
const MAX_HEADER = 8192;
const MAX_HOP = 256;

/**
 * Determines the client's address. The header is read only if the peer is a trusted proxy. It is read from its end up to the first address that is
 * not a trusted proxy, so that a client cannot forge an address by prepending one.
 *
 * @param peer the address of the connection
 * @param headers the request's headers
 * @param options the header and the trusted proxies
 * @returns an address; another text (`unknown`, `_hidden`) if the last trusted proxy wrote one; the peer if no header is read
 */
export function clientAddress(
  peer: string | undefined,
  headers: IncomingHttpHeaders,
  { addressHeader, trustedProxies }: ClientAddressOptions,
): string | undefined {
  const name = addressHeader?.toLowerCase();
  const value = name === undefined ? undefined : headers[name];
  if (peer === undefined || value === undefined) return peer;
  const trusted = trustedProxies.flatMap(rangesOf);
  const isTrusted = (address: string): boolean => isIn(trusted, address);
  if (!isTrusted(peer)) return peer;
  const text = (Array.isArray(value) ? value.join(',') : value).slice(-MAX_HEADER);
  const hops =
    name === 'forwarded'
      ? forwardedFor(text)
      : text
          .split(',')
          .map((hop) => hop.trim())
          .filter((hop) => hop !== '');
  const addresses = hops.map((hop) => normaliseAddress(hop).source_ip ?? hop.slice(0, MAX_HOP));
  return addresses.findLast((address) => !isTrusted(address)) ?? addresses[0] ?? peer;
}

/**
 * Whether {@link clientAddress} accepts a text as a trusted proxy.
 *
 * @param text an address, a range, or the name of ranges
 */
export function isProxyRange(text: string): boolean {
  return rangesOf(text).length > 0;
}

/** The `for` parameters of a `Forwarded` header (RFC 7239, section 4), without quotes. */
function forwardedFor(text: string): string[] {
  const hops: string[] = [];
  for (const element of splitOutsideQuotes(text, ',')) {
    for (const pair of splitOutsideQuotes(element, ';')) {
      const match = /^\s*for\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))\s*$/i.exec(pair);
      if (match) hops.push((match[1]?.replace(/\\(.)/g, '$1') ?? match[2]!).trim());
    }
  }
  return hops;
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i += 1) {
    if (isQuoted && text[i] === '\\') i += 1;
    else if (text[i] === '"') isQuoted = !isQuoted;
    else if (text[i] === separator && !isQuoted) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function rangesOf(text: string): Range[] {
  const named = Object.hasOwn(NAMED_RANGES, text) ? NAMED_RANGES[text]! : [text];
  return named.map(rangeOf).filter((range) => range !== undefined);
}

function rangeOf(text: string): Range | undefined {
  try {
    if (text.includes('/')) return ipaddr.parseCIDR(text);
    const address = ipaddr.process(text);
    return [address, address.kind() === 'ipv4' ? 32 : 128];
  } catch {
    return undefined;
  }
}

function isIn(ranges: readonly Range[], text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.process(text);
  return ranges.some(([range, bits]) => range.kind() === address.kind() && address.match(range, bits));
}
