import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { architecture } from './eslint/architecture.js';

const typed = [
  'src/**/*.ts',
  'examples/**/*.ts',
  'bench/**/*.ts',
  'test/**/*.ts',
  'tools/**/*.ts',
  'notebooks/*.ts',
  '*.ts',
];

export default tseslint.config(
  { ignores: ['dist/', 'docs/api/', 'runs/', 'coverage/', '.cache/', 'node_modules/'] },
  js.configs.recommended,
  {
    files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
    languageOptions: { globals: { console: 'readonly', process: 'readonly', URL: 'readonly', setTimeout: 'readonly' } },
  },
  {
    files: typed,
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/strict-boolean-expressions': [
        'error',
        { allowNullableBoolean: false, allowNumber: false, allowString: false },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // Numbers and booleans print as a reader expects.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // Layouts such as `NHWC` are ASCII.
      '@typescript-eslint/no-misused-spread': ['error', { allow: [{ from: 'lib', name: 'string' }, 'string'] }],
      // A type parameter that appears once still names a caller's type, as in `data<T>()`.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
    },
  },
  architecture(import.meta.dirname),
  {
    files: ['test/**/*.ts', 'examples/**/*.ts', 'bench/**/*.ts', 'tools/**/*.ts', 'notebooks/*.ts', '*.ts'],
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/strict-boolean-expressions': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/unbound-method': 'off',
      // Does not end on types without end, such as trees of any depth.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
    },
  },
);
