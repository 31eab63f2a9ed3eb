/**
 * A string that is equal for structurally equal plain values and different otherwise. Objects whose structure
 * says nothing (functions, class instances) are told apart by identity.
 */
export function structuralKey(value: unknown): string {
  switch (typeof value) {
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'string':
      return JSON.stringify(value);
    case 'boolean':
    case 'undefined':
    case 'bigint':
      return String(value);
    case 'symbol':
      // Registered symbols are equal by their names, and can't be told apart by identity.
      return Symbol.keyFor(value) === undefined
        ? identity(value)
        : `Symbol.for(${JSON.stringify(Symbol.keyFor(value))})`;
    case 'function':
      return identity(value);
    case 'object':
      break;
  }
  if (value === null) return 'null';
  if (opaque.has(value)) return identity(value);
  if (Array.isArray(value)) return `[${value.map(structuralKey).join(',')}]`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return identity(value);
  const record = value as Record<string, unknown>;
  return `{${Object.keys(record)
    .sort()
    .map((k) => `${JSON.stringify(k)}:${structuralKey(record[k])}`)
    .join(',')}}`;
}

const opaque = new WeakSet();

/** Makes {@link structuralKey} tell this object apart by identity: for big structures of which equals are one object. */
export function toldByIdentity<T extends object>(value: T): T {
  opaque.add(value);
  return value;
}

const parts = new WeakMap<WeakKey, () => unknown>();

/**
 * Makes {@link structuralKey} tell this function apart by what it is made of: closures that are made anew each time, of
 * equal parts, do the same.
 */
export function toldByParts<F extends object>(f: F, of: () => unknown): F {
  parts.set(f, of);
  return f;
}

const identities = new WeakMap<WeakKey, string>();
let nextIdentity = 0;

function identity(value: WeakKey): string {
  let id = identities.get(value);
  if (id !== undefined) return id;
  const made = parts.get(value);
  id = made === undefined ? `#${nextIdentity++}` : `ƒ${structuralKey(made())}`;
  identities.set(value, id);
  parts.delete(value);
  return id;
}
