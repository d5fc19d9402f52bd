/** A client in plain `fetch`: asks the server for a picture's class. `node client.mjs PICTURE [ADDRESS]` */
import { readFile } from 'node:fs/promises';

const [file, address = 'http://127.0.0.1:8080'] = process.argv.slice(2);
const { EDITABLE_TOKEN: token } = process.env;
const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };

const response = await fetch(`${address}/api/predict`, {
  method: 'POST',
  headers: { ...authorization, 'content-type': 'application/octet-stream' },
  body: await readFile(file),
});
const answer = await response.json();
if (!response.ok) throw new Error(answer.error);
// The release that answered: it changes the moment another one is activated.
console.log(`release ${answer.model_version.slice(0, 10)}`);
for (const { name, probability } of answer.top) console.log(`${(100 * probability).toFixed(1)} % ${name}`);
