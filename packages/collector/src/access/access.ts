import { sameSecret, type Tokens } from './tokens.js';
import { createViewers, type Viewers } from './viewers.js';

/** The token that the collector was started with. */
export interface ConfiguredToken {
  project: string;
  token: string;
}

/** The project that a publisher token opens. */
export interface Grant {
  project: string;
  /** The id of the token; undefined for the token that the collector was started with. */
  tokenId: string | undefined;
  /** Whether the token opens the log for reading, too; otherwise it can only publish. */
  mayRead: boolean;
}

/** The tokens and sessions of a collector. */
export interface Access {
  /** Returns what a publisher token opens; undefined if it is not a valid token. */
  publisher(token: string): Grant | undefined;
  viewers: Viewers;
}

/**
 * Creates the access to a collector.
 *
 * @param configured the token that the collector was started with
 * @param tokens the tokens in the collector's database
 */
export function createAccess(configured: ConfiguredToken, tokens: Tokens): Access {
  function publisher(token: string): Grant | undefined {
    if (sameSecret(token, configured.token)) return { project: configured.project, tokenId: undefined, mayRead: true };
    const found = tokens.check(token);
    return found && { project: found.project, tokenId: found.id, mayRead: found.mayRead };
  }

  const holds = ({ tokenId }: Grant): boolean => tokenId === undefined || tokens.isValid(tokenId);
  return { publisher, viewers: createViewers(publisher, holds) };
}
