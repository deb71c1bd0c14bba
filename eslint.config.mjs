import jupyter from '@jupyter/eslint-plugin';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['lib/', 'labextension/', 'node_modules/'] },
  {
    files: ['src/**/*.ts', 'src/**/*.tsx'],
    extends: [tseslint.configs.recommendedTypeChecked]
  },
  { plugins: { jupyter } },
  ...jupyter.configs.recommended,
  {
    files: ['src/**/*.ts', 'src/**/*.tsx'],
    languageOptions: {
      parserOptions: { project: './tsconfig.lint.json', tsconfigRootDir: import.meta.dirname }
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/naming-convention': [
        'error',
        {
          selector: 'interface',
          format: ['PascalCase'],
          custom: { regex: '^I[A-Z]', match: true }
        }
      ],
      // 60 KB in all: a second request would cost more than it saves.
      'jupyter/prefer-lazy-imports': 'off',
      curly: 'error',
      eqeqeq: 'error',
      'max-lines': ['error', 210],
      'max-lines-per-function': ['error', { max: 50, skipComments: true }]
    }
  },
  {
    files: ['src/**/*.spec.ts', 'src/**/*.spec.tsx'],
    rules: { 'max-lines-per-function': 'off' }
  }
);
