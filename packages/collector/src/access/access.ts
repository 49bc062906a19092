import { sameSecret, type Tokens } from './tokens.js';
import { createViewers, type Viewers } from './viewers.js';

/** The token that the collector was started with. */
export interface ConfiguredToken {
  project: string;
  token: string;
}

/** What a publisher token opens. */
export interface Grant {
  project: string;
  /** The id of a token that was made; undefined for the configured one. */
  tokenId: string | undefined;
}

/** Who may do what. */
export interface Access {
  /** What a publisher token opens; undefined if it is none. */
  publisher(token: string): Grant | undefined;
  viewers: Viewers;
}

/**
 * Who may do what at a collector.
 *
 * @param configured the token that it was started with
 * @param tokens those that were made
 */
export function createAccess(configured: ConfiguredToken, tokens: Tokens): Access {
  function publisher(token: string): Grant | undefined {
    if (sameSecret(token, configured.token)) return { project: configured.project, tokenId: undefined };
    const found = tokens.check(token);
    return found && { project: found.project, tokenId: found.id };
  }

  const holds = ({ tokenId }: Grant): boolean => tokenId === undefined || tokens.isValid(tokenId);
  return { publisher, viewers: createViewers(publisher, holds) };
}
