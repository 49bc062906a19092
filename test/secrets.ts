import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Reads all files in a folder and its subfolders.
 *
 * @param folder the folder
 */
export function filesUnder(folder: string): [name: string, bytes: Buffer][] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((name) => [name, readFileSync(name)]);
}

/**
 * Searches for secrets: as plain text, in base64, in hex and percent-encoded.
 *
 * @param secrets the secrets that must not occur
 * @param places names and contents to search
 * @returns a line for each secret that was found, with the secret shortened
 */
export function findSecrets(secrets: Iterable<string>, places: Iterable<readonly [name: string, bytes: Buffer]>): string[] {
  const forms = [...secrets].flatMap((secret) => {
    const bytes = Buffer.from(secret);
    return [
      secret,
      bytes.toString('base64').replace(/=+$/, ''),
      bytes.toString('base64url'),
      bytes.toString('hex'),
      encodeURIComponent(secret),
    ];
  });
  return [...places].flatMap(([name, bytes]) =>
    [...new Set(forms)].filter((form) => bytes.includes(form)).map((form) => `${form.slice(0, 8)}… in ${name}`),
  );
}
