import { matchers } from 'pullback/testing/vitest';
import { expect } from 'vitest';

expect.extend(matchers);
await expect([1]).toBeAllclose([1]);
