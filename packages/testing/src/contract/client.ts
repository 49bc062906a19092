import { request } from 'node:http';
import { connect } from 'node:net';
import { CANARIES, type ContractClient } from './scenarios/scenario.js';

/**
 * Creates a client of an application under test.
 *
 * @param base base address of the application
 * @param secrets collects the session cookies that the application sets
 */
export function clientOf(base: string, secrets: Set<string>): ContractClient {
  return {
    send: (method, path, { body, headers: { cookie, ...headers } = {}, hangUp, agent, host, isBare } = {}) =>
      new Promise((resolve, reject) => {
        const text = body === undefined ? undefined : JSON.stringify(body);
        const call = request(`${base}${path}${path.includes('?') ? '&' : '?'}access_token=${CANARIES.token}`, {
          method,
          ...(host !== undefined && { hostname: host }),
          agent: agent ?? false,
          headers: {
            ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
            ...(!isBare && { cookie: [cookie, `theme=${CANARIES.cookie}`].filter(Boolean).join('; '), 'x-api-key': CANARIES.token }),
            ...headers,
          },
        });
        call.on('error', (problem) => (hangUp === undefined ? reject(problem) : resolve('aborted')));
        call.on('response', (response) => {
          for (const text of response.headers['set-cookie'] ?? []) keepSecret(secrets, text);
          if (hangUp === 'head') {
            call.destroy();
            return resolve('aborted');
          }
          let answer = '';
          response
            .setEncoding('utf8')
            .on('data', (piece: string) => (answer += piece))
            .on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: answer }));
        });
        call.on('finish', () => {
          if (typeof hangUp === 'number') setTimeout(() => call.destroy(), hangUp);
        });
        call.end(text);
      }),
    raw: (bytes, hangUp) =>
      new Promise((resolve) => {
        const socket = connect(Number(new URL(base).port), '127.0.0.1', () => {
          socket.write(bytes);
          setTimeout(() => socket.destroy(), hangUp);
        });
        socket.on('error', () => undefined).on('close', () => resolve());
        socket.resume();
      }),
  };
}

/** Collects the secret part of a session cookie, without the signature that libraries append after a dot. */
function keepSecret(secrets: Set<string>, cookie: string): void {
  const value = decodeURIComponent(cookie.slice(cookie.indexOf('=') + 1).split(';')[0]!);
  const secret = value.replace(/^s:/, '').split('.')[0]!;
  if (secret.length >= 8) secrets.add(secret);
}
