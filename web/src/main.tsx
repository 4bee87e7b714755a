import './app/styles';

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { client } from '@/api/client.gen';
import { App } from './app/App';
import { basePath } from './lib/base';

client.setConfig({ baseUrl: basePath, credentials: 'same-origin' });

const root = document.getElementById('root');
if (root)
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
