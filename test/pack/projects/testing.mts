import { assertAllclose, checkGrads } from 'pullback/testing';
import { arb } from 'pullback/testing/arb';

export const all = [arb, assertAllclose, checkGrads];
