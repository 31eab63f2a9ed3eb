const longest = 60;

/** Any value in a few words, for messages about what was given: `"data"`, `3`, `{"data":4}`, `a Map`. */
export function shown(x: unknown): string {
  switch (typeof x) {
    case 'bigint':
      return `${x}n`;
    case 'function':
      return x.name === '' ? 'a function' : `the function ${x.name}`;
    case 'string':
      return short(JSON.stringify(x));
    case 'object':
      return x === null ? 'null' : shownObject(x);
    default:
      return String(x);
  }
}

function shownObject(x: object): string {
  const prototype: unknown = Object.getPrototypeOf(x);
  if (prototype !== Object.prototype && prototype !== null && !Array.isArray(x)) {
    const name = x.constructor.name;
    return `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name === '' ? 'object' : name}`;
  }
  try {
    return short(JSON.stringify(x));
  } catch {
    // Something that JSON can't say, or that goes in circles.
    return Array.isArray(x) ? `a list of ${x.length}` : `a record of ${Object.keys(x).join(', ')}`;
  }
}

const short = (text: string): string => (text.length <= longest ? text : `${text.slice(0, longest)}…`);
