const NAMES = 20_000;

/** Creates login events like those of a day: many people, and a fifth of the attempts fail. */
export function storedEvent(index: number, of: number): Record<string, unknown> {
  const failed = index % 5 === 0;
  const person = index % NAMES;
  return {
    action: index % 97 === 0 ? 'user.logout' : 'user.login',
    crud: 'c',
    is_failure: failed,
    is_anonymous: failed,
    source_ip: `203.0.${index % 64}.${((index * 7) % 250) + 1}`,
    created: new Date(1_760_000_000_000 - (of - index) * 100).toISOString(),
    external_id: `0198c1de-0000-7000-8000-${String(index).padStart(12, '0')}`,
    ...(!failed && { actor: { id: `user-${person}`, name: `Ann name${person}` }, group: { id: `group-${index % 200}` } }),
    component: 'shop',
    version: '1.2.3',
    fields: {
      outcome: failed ? 'failure' : 'success',
      ...(failed && { reason: index % 10 === 0 ? 'wrong_password' : 'user_not_found', identity: `a***${index % 5_000}@example.com` }),
      evidence: 'session',
      method: 'password',
      status: failed ? '401' : '200',
      duration_ms: String(index % 90),
      route: '/login',
      user_agent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
      request_id: `request-${index}`,
    },
  };
}
