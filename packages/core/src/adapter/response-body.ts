import type { ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import zlib from 'node:zlib';

/** The least of a response that is needed to see its body. */
export type CapturedResponse = Pick<ServerResponse, 'write' | 'end'>;

/** What was kept of a body; undefined if nothing was written. */
export type BodyBytes = Buffer | 'too long' | 'unfinished' | undefined;

/** Tells, at the end, what was written. */
export type CapturedBody = () => BodyBytes;

/** What is known of a body beside its bytes. */
export interface BodyHeaders {
  contentType?: string | undefined;
  contentEncoding?: string | undefined;
}

/** What could be made of an answer's body. `unreadable`: too long, streamed, in pieces, or in an encoding that is not known or broken. */
export type BodyReading = { state: 'none' } | { state: 'unreadable' } | { state: 'read'; value: unknown; isJson: boolean };

type Decompress = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const unzip = promisify(zlib.unzip) as Decompress;
/** Since Node 22.15. */
const { zstdDecompress } = zlib as { zstdDecompress?: typeof zlib.unzip };

/** Content codings (RFC 9110, section 8.4.1); names ignore case, and `x-gzip` is gzip. */
const DECODERS: Partial<Record<string, Decompress>> = {
  gzip: unzip,
  'x-gzip': unzip,
  deflate: unzip,
  br: promisify(zlib.brotliDecompress),
  ...(zstdDecompress && { zstd: promisify(zstdDecompress) }),
};

/**
 * Keeps the beginning of an answer while it is written.
 *
 * @param response the response of node:http
 * @param limit the most bytes that are kept
 */
export function captureResponseBody(response: CapturedResponse, limit: number): CapturedBody {
  const { write, end } = response as Record<'write' | 'end', (...args: unknown[]) => unknown>;
  let pieces: Buffer[] = [];
  let length = 0;

  function keep(chunk: unknown, encoding: unknown): void {
    if (length > limit || (typeof chunk !== 'string' && !(chunk instanceof Uint8Array))) return;
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, textEncoding(encoding)) : Buffer.from(chunk);
    length += bytes.length;
    if (length > limit) pieces = [];
    else pieces.push(bytes);
  }
  const replaced: Record<string, (...args: unknown[]) => unknown> = {
    write(...args) {
      keep(args[0], args[1]);
      return write.apply(response, args);
    },
    end(...args) {
      keep(args[0], args[1]);
      return end.apply(response, args);
    },
  };
  Object.assign(response, replaced);
  return () => (length === 0 ? undefined : length > limit ? 'too long' : Buffer.concat(pieces));
}

/**
 * Reads an answer: decompressed, parsed if it is JSON, else as text.
 *
 * @param bytes what {@link captureResponseBody} kept
 * @param headers what the answer says of its body
 * @param limit the most bytes, also after decompression
 */
export async function readBody(bytes: BodyBytes, headers: BodyHeaders, limit: number): Promise<BodyReading> {
  if (bytes === undefined) return { state: 'none' };
  const type = headers.contentType?.toLowerCase() ?? '';
  if (typeof bytes === 'string' || type.startsWith('multipart/') || type.startsWith('text/event-stream')) return { state: 'unreadable' };
  const isJson = type.includes('json');
  const encoding = headers.contentEncoding?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return parse(bytes, isJson);
  const decoded = await DECODERS[encoding]?.(bytes, { maxOutputLength: limit }).catch(() => undefined);
  if (decoded) return parse(decoded, isJson);
  // Compressing middleware that was mounted earlier compresses after we have seen the bytes: then they are the text itself.
  const plain = parse(bytes, true);
  return plain.state === 'read' && plain.isJson ? plain : { state: 'unreadable' };
}

function parse(bytes: Buffer, isJson: boolean): BodyReading {
  const text = bytes.toString('utf8');
  if (!isJson) return { state: 'read', value: text, isJson };
  try {
    return { state: 'read', value: JSON.parse(text), isJson };
  } catch {
    return { state: 'unreadable' };
  }
}

function textEncoding(encoding: unknown): BufferEncoding {
  return typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : 'utf8';
}
