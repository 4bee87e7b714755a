import { defineConfig } from '@hey-api/openapi-ts';

// The client is made in the build and not committed: it can't drift from the document it is made of.
export default defineConfig({
  input: process.env.SPATE_OPENAPI ?? '../src/Spate.Api/openapi.json',
  output: { path: 'src/api', clean: true },
  plugins: ['@hey-api/client-fetch', '@hey-api/typescript', { name: '@hey-api/sdk', responseStyle: 'fields' }],
});
