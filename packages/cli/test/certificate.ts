import { generate } from 'selfsigned';

/** A certificate that nobody trusts, made for the moment. */
export async function certificate(): Promise<{ key: string; cert: string }> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }]);
  return { key, cert };
}
