// Lints snippets as if they were files of the project: reads `[file, code][]` from standard input, prints the messages of each, and the rooms.
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { rooms } from '../eslint.rooms.mjs';

// The project's configuration without the rules that need types, since the files do not exist.
const eslint = new ESLint({ overrideConfig: [tseslint.configs.disableTypeChecked] });
const messages = [];
for (const [filePath, code] of JSON.parse((await process.stdin.toArray()).join(''))) {
  const [result] = await eslint.lintText(code, { filePath });
  messages.push(result.messages.map(({ ruleId, message }) => `${ruleId}: ${message}`));
}
console.log(JSON.stringify({ rooms, messages }));
