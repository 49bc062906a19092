import ldap from 'ldapjs';

const ROOT = 'ou=people,dc=example,dc=com';
const PEOPLE = new Map([
  ['alice', { uid: 'alice', cn: 'Alice', mail: 'alice@example.com', password: 'correct-horse-battery' }],
  ['bob', { uid: 'bob', cn: 'Bob', mail: 'bob@example.com', password: 'purple-monkey-dishwasher' }],
]);
const BIND = { dn: 'cn=reader,dc=example,dc=com', password: 'reader-of-the-directory' };

/**
 * Starts a directory (RFC 4511) on this machine, with two people in it.
 *
 * @returns {Promise<{ url: string, bindDN: string, bindCredentials: string, searchBase: string, searchFilter: string }>} the settings for connecting to it
 */
export async function startDirectory() {
  const server = ldap.createServer();
  server.bind('dc=example,dc=com', (request, response, next) => {
    const dn = request.dn.toString().replaceAll(' ', '');
    const isRight = passwordOf(dn) === request.credentials && request.credentials !== '';
    response.end(isRight ? ldap.LDAP_SUCCESS : ldap.LDAP_INVALID_CREDENTIALS);
    return next();
  });
  server.search(ROOT, (request, response, next) => {
    for (const { uid, cn, mail } of PEOPLE.values()) {
      const entry = { dn: `uid=${uid},${ROOT}`, attributes: { uid, cn, mail, objectclass: 'inetOrgPerson' } };
      if (request.filter.matches(entry.attributes)) response.send(entry);
    }
    response.end();
    return next();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  return {
    url: `ldap://127.0.0.1:${port}`,
    bindDN: BIND.dn,
    bindCredentials: BIND.password,
    searchBase: ROOT,
    searchFilter: '(uid={{username}})',
  };
}

function passwordOf(dn) {
  if (dn === BIND.dn) return BIND.password;
  return PEOPLE.get(/^uid=([^,]+),/.exec(dn)?.[1])?.password;
}
