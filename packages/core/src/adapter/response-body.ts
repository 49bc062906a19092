import type { ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, unzip } from 'node:zlib';

/** The least of a response that is needed to see its body. */
export type CapturedResponse = Pick<ServerResponse, 'write' | 'end'>;

/** What is known of a body beside its bytes. */
export interface BodyHeaders {
  contentType?: string | undefined;
  contentEncoding?: string | undefined;
}

const decompress: Partial<Record<string, (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>> = {
  gzip: promisify(unzip),
  deflate: promisify(unzip),
  br: promisify(brotliDecompress),
};

/**
 * Keeps the beginning of an answer while it is written.
 *
 * @param response the response of node:http
 * @param limit the most bytes that are kept
 * @returns tells, at the end, what was written; undefined if it was nothing, or more than the limit
 */
export function captureResponseBody(response: CapturedResponse, limit: number): () => Buffer | undefined {
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
  return () => (length === 0 || length > limit ? undefined : Buffer.concat(pieces));
}

/**
 * Reads an answer: decompressed, parsed if it is JSON, else as text.
 *
 * @param bytes what {@link captureResponseBody} kept
 * @param headers what the answer says of its body
 * @param limit the most bytes after decompression; an answer that is longer counts as not captured
 */
export async function readBody(bytes: Buffer | undefined, headers: BodyHeaders, limit: number): Promise<unknown> {
  if (bytes === undefined) return undefined;
  const text = (await decoded(bytes, headers.contentEncoding, limit))?.toString('utf8');
  if (text === undefined || !headers.contentType?.includes('json')) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function decoded(bytes: Buffer, encoding: string | undefined, limit: number): Promise<Buffer | undefined> {
  const decode = decompress[encoding ?? ''];
  if (!decode) return bytes;
  try {
    return await decode(bytes, { maxOutputLength: limit });
  } catch (thrown) {
    // Compressing middleware that was mounted earlier compresses after we have seen the bytes.
    return (thrown as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE' ? undefined : bytes;
  }
}

function textEncoding(encoding: unknown): BufferEncoding {
  return typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : 'utf8';
}
