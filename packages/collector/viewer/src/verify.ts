import { canonicalText } from '@auditlogin/core/browser';
import { useEffect, useState } from 'preact/hooks';
import type { ViewerEvent } from './api.js';

/** The result of recomputing an event's hash in this browser. */
export type Verdict = 'checking' | 'verified' | 'altered' | 'impossible';

/** Computes the hash of an event's canonical text; undefined if the browser has no WebCrypto, which needs HTTPS or localhost. */
async function hashOf({ id, event }: ViewerEvent): Promise<string | undefined> {
  if (!('subtle' in crypto)) return undefined;
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(canonicalText(id, event)));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Verifies an event in this browser. */
export function useVerdict(event: ViewerEvent): { verdict: Verdict; computed: string | undefined } {
  const [state, setState] = useState<{ verdict: Verdict; computed: string | undefined }>({ verdict: 'checking', computed: undefined });
  useEffect(() => {
    let isCurrent = true;
    void hashOf(event).then((computed) => {
      if (!isCurrent) return;
      const verdict = computed === undefined ? 'impossible' : computed === event.hash ? 'verified' : 'altered';
      setState({ verdict, computed });
    });
    return () => {
      isCurrent = false;
    };
  }, [event]);
  return state;
}
