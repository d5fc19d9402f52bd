/** Finds a key that occurs twice in one object of a JSON text, which JSON.parse passes over in silence. */

/** The first repeated key of any object in `json`, a text that JSON.parse accepts; undefined when there is none. */
export const duplicateKey = (json: string): string | undefined => {
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(undefined);
    else if (character === '}' || character === ']') open.pop();
    else if (character === '"') {
      const end = stringEnd(json, at);
      if (isFollowedByColon(json, end)) {
        const key = JSON.parse(json.slice(at, end)) as string;
        if (open.at(-1)?.has(key)) return key;
        open.at(-1)?.add(key);
      }
      at = end - 1;
    }
  }
  return undefined;
};

// Loops rather than regular expressions, whose backtracking overflows on strings of some megabytes.
const stringEnd = (json: string, quote: number): number => {
  let at = quote + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
};

const isFollowedByColon = (json: string, from: number): boolean => {
  let at = from;
  while (' \t\n\r'.includes(json[at] ?? ':')) at++;
  return json[at] === ':';
};
