import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { AuditError } from '@auditlogin/core';
import type { SqliteDatabase } from '@auditlogin/core/engine';

/** A publisher token without its secret, of which only a digest is stored. */
export interface TokenInfo {
  id: string;
  project: string;
  name: string;
  /** Whether the token opens the log for reading, too; otherwise it can only publish. */
  mayRead: boolean;
  /** In milliseconds since 1970. */
  created: number;
  /** In milliseconds since 1970; undefined while it is valid. */
  revoked: number | undefined;
}

/** The publisher tokens in the database of a collector. A token opens one project; a project may have several tokens. */
export interface Tokens {
  /**
   * Creates a token.
   *
   * @param project the project that the token opens
   * @param name describes the purpose of the token
   * @param mayRead whether the token opens the log for reading, too; by default it does
   * @returns the token with its secret, which is not stored
   * @throws AuditError `ERR_AUDIT_OPTION_INVALID` for an empty project or name, or one with white space or control characters
   */
  create(project: string, name: string, mayRead?: boolean): TokenInfo & { token: string };
  list(): TokenInfo[];
  /** @returns whether a valid token had this id */
  revoke(id: string): boolean;
  /** @returns what the token opens; undefined if the token is not valid */
  check(token: string): { id: string; project: string; mayRead: boolean } | undefined;
  /** Whether a token with this id is valid. */
  isValid(id: string): boolean;
}

const PREFIX = 'alt_';
const WORD = /^[\x21-\x7e]{1,128}$/;
// eslint-disable-next-line no-control-regex -- a name is shown in terminals
const NAME = /^[^\u0000-\u001f\u007f-\u009f]{1,128}$/;

/**
 * Creates the tokens of a collector.
 *
 * @param db the collector's database
 */
export function openTokens(db: SqliteDatabase): Tokens {
  const toInfo = ({ revoked, mayRead, ...row }: Record<string, unknown>): TokenInfo =>
    ({ ...row, mayRead: mayRead === 1, revoked: revoked ?? undefined }) as TokenInfo;
  const find = db.prepare('SELECT id, project, may_read AS mayRead FROM tokens WHERE digest = ? AND revoked IS NULL');

  return {
    create(project, name, mayRead = true) {
      expectText('project', project, WORD, 'visible ASCII characters without white space, at most 128');
      expectText('name', name, NAME, '1 to 128 characters, none of them a control character');
      const token = PREFIX + randomBytes(24).toString('base64url');
      const info = { id: randomBytes(4).toString('hex'), project, name, mayRead, created: Date.now(), revoked: undefined };
      db.prepare('INSERT INTO tokens (id, project, name, digest, created, may_read) VALUES (?, ?, ?, ?, ?, ?)').run(
        ...[info.id, project, name, digestOf(token).toString('hex'), info.created, mayRead ? 1 : 0],
      );
      return { ...info, token };
    },
    list: () =>
      (
        db.prepare('SELECT id, project, name, may_read AS mayRead, created, revoked FROM tokens ORDER BY created, id').all() as Record<
          string,
          unknown
        >[]
      ).map(toInfo),
    revoke: (id) => db.prepare('UPDATE tokens SET revoked = ? WHERE id = ? AND revoked IS NULL').run(Date.now(), id).changes === 1,
    // Looking up the digest instead of the token makes the time independent of the token.
    check(token) {
      const found = find.get(digestOf(token).toString('hex')) as { id: string; project: string; mayRead: number } | undefined;
      return found && { ...found, mayRead: found.mayRead === 1 };
    },
    isValid: (id) => db.prepare('SELECT 1 FROM tokens WHERE id = ? AND revoked IS NULL').get(id) !== undefined,
  };
}

/**
 * Whether two secrets are equal. Comparing their digests makes the time independent of their content and length.
 *
 * @param given the secret of the client
 * @param wanted the right secret
 */
export function sameSecret(given: string, wanted: string): boolean {
  return timingSafeEqual(digestOf(given), digestOf(wanted));
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function expectText(field: string, value: string, form: RegExp, expected: string): void {
  if (form.test(value)) return;
  throw new AuditError('ERR_AUDIT_OPTION_INVALID', `Option "${field}" is ${JSON.stringify(value.slice(0, 64))}; expected ${expected}.`, {
    field,
  });
}
