import type { ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import zlib from 'node:zlib';

/** The methods of a response that are needed to capture its body. */
export type CapturedResponse = Pick<ServerResponse, 'write' | 'end'>;

/** The captured bytes; undefined if nothing was written. */
export type BodyBytes = Buffer | 'too long' | 'unfinished' | undefined;

/** Returns the captured bytes when the response has ended. */
export type CapturedBody = () => BodyBytes;

/** The headers that describe a body. */
export interface BodyHeaders {
  contentType?: string | undefined;
  contentEncoding?: string | undefined;
}

/** The result of reading a body. `unreadable`: too long, streamed, in chunks, or in an unknown or broken encoding. */
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
 * Captures the beginning of a response while it is written.
 *
 * @param response the response of node:http
 * @param limit the most bytes that are captured
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
 * Reads a body: decompresses it, and parses it if it is JSON.
 *
 * @param bytes the bytes from {@link captureResponseBody}
 * @param headers the headers that describe the body
 * @param limit the most bytes, also after decompression
 */
export async function readBody(bytes: BodyBytes, headers: BodyHeaders, limit: number): Promise<BodyReading> {
  if (bytes === undefined) return { state: 'none' };
  const type = headers.contentType?.toLowerCase() ?? '';
  if (typeof bytes === 'string' || type.startsWith('multipart/') || type.startsWith('text/event-stream')) return { state: 'unreadable' };
  const isJson = type.includes('json');
  const decoded = await decompress(bytes, headers.contentEncoding, limit);
  if (decoded) return parse(decoded, isJson);
  // If compressing middleware was mounted earlier, it compresses after the capture, so the captured bytes are plain text.
  const plain = parse(bytes, true);
  return plain.state === 'read' && plain.isJson ? plain : { state: 'unreadable' };
}

async function decompress(bytes: Buffer, encoding = '', limit: number): Promise<Buffer | undefined> {
  const coding = encoding.trim().toLowerCase();
  if (coding === '' || coding === 'identity') return bytes;
  return DECODERS[coding]?.(bytes, { maxOutputLength: limit }).catch(() => undefined);
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
