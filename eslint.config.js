import globals from 'globals';
import tseslint from 'typescript-eslint';

const noEnvironment = [
  'error',
  { object: 'process', property: 'env', message: 'Only entry points and config/ read the environment.' },
];

export default tseslint.config(
  {
    ignores: [
      'dist/**',
      'node_modules/**',
      'data/**',
      'coverage/**',
      '*.js',
      '.dependency-cruiser.cjs',
      'examples/**',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      globals: globals.node,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // TypeScript is structural: an options object need not be made by a class's constructor.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      complexity: ['error', 10],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 5],
      'no-console': 'error',
      'no-restricted-properties': noEnvironment,
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'CallExpression[callee.property.name=/^(error|warn|log|debug)$/][arguments.0.type=ObjectExpression][arguments.1]',
          message:
            'The sentence goes into `msg`: the logger of a host takes a second argument for a stack or a context.',
        },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
  {
    files: [
      'src/main.ts',
      'src/agent.ts',
      'src/doctor.ts',
      'src/config/**/*.ts',
      'ormconfig.ts',
      'test/**/*.ts',
      'bench/**/*.ts',
    ],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['test/**/*.ts', 'src/**/*.spec.ts', 'bench/**/*.{ts,js}'],
    rules: { 'max-lines-per-function': 'off' },
  },
  {
    files: ['test/**/*.ts', 'src/**/*.spec.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'MemberExpression[object.name=/^(describe|it|test)$/][property.name=/^(only|skip)$/]',
          message: 'No .only and no .skip: use the service gates of test/support.',
        },
        {
          selector: 'CallExpression[callee.name=/^(setTimeout|setInterval)$/]',
          message: 'No raw timers in tests: wait for a condition with test/support.',
        },
      ],
    },
  },
  {
    // Plain JavaScript where nothing compiles: JSDoc has the types there, which tsc checks.
    files: ['**/*.js'],
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      'no-restricted-properties': 'off',
    },
  },
  {
    // A browser reads it as it is; tsc checks its types.
    files: ['console/*.js'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: { ...tseslint.configs.disableTypeChecked.languageOptions, globals: globals.browser },
  },
  {
    files: ['bench/**/*.{ts,js}', 'native/*.js', 'test/support/**/*.{ts,js}'],
    rules: { 'no-console': 'off', 'no-restricted-syntax': 'off' },
  },
);
