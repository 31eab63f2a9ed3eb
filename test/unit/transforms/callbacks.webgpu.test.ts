import { callbacksOn } from './callbacks.ts';

callbacksOn('webgpu');
