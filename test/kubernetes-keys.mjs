// Reads manifests as JSON from standard input and prints the keys that the schema of their kind does not have. The official client is an ES module, so this file
// is one, too.
import * as client from '@kubernetes/client-node';

const unknown = [];

function walk(value, type, path) {
  const list = /^Array<(.+)>$/.exec(type);
  if (list) return value.forEach((each, index) => walk(each, list[1], `${path}[${index}]`));
  const map = /^\{ \[key: string\]: (.+); \}$/.exec(type);
  if (map) return Object.entries(value).forEach(([key, each]) => walk(each, map[1], `${path}.${key}`));
  const attributes = client[type]?.getAttributeTypeMap?.();
  if (!attributes) return;
  for (const [key, each] of Object.entries(value)) {
    const attribute = attributes.find(({ baseName }) => baseName === key);
    if (attribute) walk(each, attribute.type, `${path}.${key}`);
    else unknown.push(`${path}.${key}`);
  }
}

for (const manifest of JSON.parse(await new Response(process.stdin).text())) {
  const version = manifest.apiVersion.replace(/^.*\//, '');
  walk(manifest, version[0].toUpperCase() + version.slice(1) + manifest.kind, `${manifest.kind} ${manifest.metadata.name}`);
}
process.stdout.write(JSON.stringify(unknown));
