import { createHmac, randomUUID } from 'node:crypto';

/** Messages of the Jupyter protocol 5.3 as frames on a socket. */

const delimiter = '<IDS|MSG>';

/** A message as it came in. */
export interface Message {
  readonly type: string;
  /** The id of the request that it belongs to. */
  readonly parent: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** Who talks: a session, and the key that its messages are signed with. */
export interface Session {
  readonly id: string;
  readonly key: string;
}

export const newSession = (): Session => ({ id: randomUUID(), key: randomUUID() });

/** The frames of a request. */
export function encode({ id, key }: Session, type: string, messageId: string, content: object): readonly string[] {
  const header = {
    msg_id: messageId,
    session: id,
    username: 'notebooks',
    date: new Date().toISOString(),
    msg_type: type,
    version: '5.3',
  };
  const frames = [header, {}, {}, content].map((part) => JSON.stringify(part));
  return [delimiter, signature(key, frames), ...frames];
}

/** The message in frames; null if they are none, or signed by somebody else. */
export function decode({ key }: Session, frames: readonly Buffer[]): Message | null {
  const start = frames.findIndex((f) => f.toString() === delimiter);
  const [signed, ...parts] = frames.slice(start + 1, start + 6).map((f) => f.toString());
  if (start < 0 || parts.length < 4 || signed !== signature(key, parts)) return null;
  const [header, parent, , content] = parts.map((p) => JSON.parse(p) as Record<string, unknown>);
  return { type: String(header?.msg_type), parent: String(parent?.msg_id), content: content ?? {} };
}

const signature = (key: string, frames: readonly string[]): string =>
  frames.reduce((hash, frame) => hash.update(frame), createHmac('sha256', key)).digest('hex');
