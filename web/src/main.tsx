import { render } from 'preact';
import { openBackend } from './api/backend.js';
import { App } from './app.js';
import { SessionContext } from './hooks/use-session.js';
import { applyTheme, readTheme } from './state/device.js';
import { Session } from './state/session.js';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/layout.css';
import './styles/query.css';
import './styles/results.css';
import './styles/dialogs.css';

applyTheme(readTheme());
// The API, or the export, is beside the page, wherever that is.
const session = new Session(await openBackend(new URL('./', document.baseURI).href));
session.start();

const root = document.getElementById('page');
if (root) {
  render(
    <SessionContext.Provider value={session}>
      <App />
    </SessionContext.Provider>,
    root,
  );
}
