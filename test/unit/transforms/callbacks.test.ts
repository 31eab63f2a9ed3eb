import { callbacksOn } from './callbacks.ts';

callbacksOn('wasm');
callbacksOn('reference');
