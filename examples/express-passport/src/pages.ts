import type { Account } from '@auditlogin/example-shared';
const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:24rem;margin:4rem auto;padding:0 1rem;color-scheme:light dark}' +
  'label{display:block;margin:.75rem 0}input{display:block;width:100%;box-sizing:border-box;padding:.5rem;font:inherit}' +
  'button{font:inherit;padding:.5rem 1rem}.error{color:#b3261e}';

/** @param failed whether an attempt just failed */
export function loginPage(failed: boolean): string {
  return document(
    'Log in',
    `${failed ? '<p class="error" role="alert">User name or password is wrong.</p>' : ''}
<form method="post" action="/login">
<label>User name<input name="username" autocomplete="username" required autofocus></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required></label>
<label>Customer (optional)<input name="tenant" autocomplete="organization"></label>
<button>Log in</button>
</form>
<p>Try <code>ann</code> or <code>bo</code> with password <code>correct horse</code>.</p>`,
  );
}

/** @param account the account that is logged in */
export function homePage(account: Account): string {
  return document(
    `Welcome, ${account.displayName}`,
    `<p>Customer: ${escapeText(account.tenant?.name ?? 'none')}</p><form method="post" action="/logout"><button>Log out</button></form>`,
  );
}

function document(title: string, body: string): string {
  const safe = escapeText(title);
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${safe}</title><style>${STYLE}</style><h1>${safe}</h1>${body}</html>`;
}

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
